import { expect, it } from 'vitest';
import { testsInPage } from './in-page.js';

await testsInPage('plain', (page) => {
  it('has a wasm backend of one thread', async () => {
    expect(await page.wasm()).toEqual({ driver: 'WebAssembly with SIMD, 1 thread', shared: false });
  });
});
