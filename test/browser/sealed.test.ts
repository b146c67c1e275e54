import { expect, it } from 'vitest';
import { testsInPage } from './in-page.js';

await testsInPage('sealed', (page) => {
  it('forbids WebAssembly: cpu runs on ops', async () => {
    expect(await page.use('cpu')).toMatchObject({ engine: expect.stringMatching(/^ops/) });
    expect(await page.violations()).toContainEqual(expect.stringMatching(/^script-src: wasm-eval/));
  });
});
