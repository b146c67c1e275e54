import { expect, it } from 'vitest';
import { testsInPage } from './in-page.js';

await testsInPage('older', (page) => {
  it('has the engine wasm without relaxed SIMD', async () => {
    expect(await page.use('cpu')).toMatchObject({ engine: 'wasm (SIMD)' });
    expect(await page.use('wasm')).toMatchObject({ engine: 'wasm (SIMD)' });
  });
});
