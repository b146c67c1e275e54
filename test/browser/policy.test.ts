import { expect, it } from 'vitest';
import { testsInPage } from './in-page.js';

await testsInPage('policy', (page) => {
  it('breaks no rule of the policy', async () => {
    expect(await page.violations()).toEqual([]);
  });

  it('which is on, and heard: eval is refused', async () => {
    expect(await page.evaluate("import('/eval.js').then(({ said }) => said)")).toBe('EvalError');
    expect(await page.violations()).toEqual([expect.stringMatching(/^script-src: eval/)]);
  });
});
