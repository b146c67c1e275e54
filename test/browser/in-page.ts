import { afterAll, describe, expect, it } from 'vitest';
import { findChromium } from '../../scripts/setup-browser.mjs';
import { type OpenPage, openPage } from './open-page.js';
import type { PageKind } from './page/suites.js';
import type { Contents } from './server.js';

/**
 * Registers every test of a page, that the console says nothing but `said`, and `more`; `files` are served too. Without a
 * Chromium the whole shows up as skipped, with the reason.
 */
export async function testsInPage(
  kind: PageKind,
  more: (page: OpenPage) => void,
  { said = [], files = {} }: { readonly said?: readonly RegExp[]; readonly files?: Contents } = {},
): Promise<void> {
  const chromium = await findChromium().catch((error: Error) => error);
  if (chromium instanceof Error) {
    describe.skip(`in a page: ${chromium.message}`, () => {
      it(kind, () => {});
    });
    return;
  }
  const page = await openPage(kind, chromium, files);
  describe(`in a page, ${kind}`, () => {
    afterAll(() => page.close());
    for (const [n, { name, skipped }] of page.tests.entries()) {
      it.skipIf(skipped)(name, async () => {
        const failure = await page.run(n);
        if (failure !== null) throw new Error(failure);
      });
    }
    const nothing = page.tests.every(({ skipped }) => skipped); // it may say why
    it.skipIf(nothing)(
      `the console has ${said.length === 0 ? 'no errors and no warnings' : 'these warnings, once'}`,
      () => {
        expect(page.said).toEqual(said.map((text) => expect.stringMatching(text)));
      },
    );
    more(page);
  });
}
