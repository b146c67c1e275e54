import { expect, it } from 'vitest';
import { testsInPage } from './in-page.js';

await testsInPage('isolated', (page) => {
  it('has a wasm backend that shares its memory with threads', async () => {
    const driver = 'WebAssembly with SIMD, 2 threads';
    expect(await page.use('wasm')).toEqual({ driver, engine: 'wasm (relaxed SIMD)', shared: true });
  });
});
