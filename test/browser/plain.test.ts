import { expect, it } from 'vitest';
import { testsInPage } from './in-page.js';

await testsInPage('plain', (page) => {
  it('has a wasm backend of one thread, and the engine wasm with relaxed SIMD', async () => {
    const driver = 'WebAssembly with SIMD, 1 thread';
    expect(await page.use('wasm')).toEqual({ driver, engine: 'wasm (relaxed SIMD)', shared: false });
  });
});
