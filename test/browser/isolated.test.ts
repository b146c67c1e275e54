import { expect, it } from 'vitest';
import { testsInPage } from './in-page.js';

await testsInPage('isolated', (page) => {
  it('has a wasm backend that shares its memory with threads', async () => {
    expect(await page.wasm()).toEqual({ driver: 'WebAssembly with SIMD, 2 threads', shared: true });
  });
});
