import { afterAll, describe, expect, it } from 'vitest';
import { findChromium } from '../../scripts/setup-browser.mjs';
import { type OpenPage, openPage } from './open-page.js';
import type { PageKind } from './page/suites.js';

/**
 * Registers every test of a page, and what must hold of each kind; `more` adds its own. Without a Chromium the whole
 * shows up as skipped, with the reason.
 */
export async function testsInPage(kind: PageKind, more: (page: OpenPage) => void): Promise<void> {
  const chromium = await findChromium().catch((error: Error) => error);
  if (chromium instanceof Error) {
    describe.skip(`in a page: ${chromium.message}`, () => {
      it(kind, () => {});
    });
    return;
  }
  const page = await openPage(kind, chromium);
  describe(`in a page, ${kind}`, () => {
    afterAll(() => page.close());
    for (const [n, { name, skipped }] of page.tests.entries()) {
      it.skipIf(skipped)(name, async () => {
        const failure = await page.run(n);
        if (failure !== null) throw new Error(failure);
      });
    }
    it('the console has no errors and no warnings', () => expect(page.said).toEqual([]));
    more(page);
  });
}
