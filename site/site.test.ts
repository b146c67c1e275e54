import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import axe from 'axe-core';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findChromium } from '../scripts/setup-browser.mjs';
import { launch } from '../test/browser/launch.js';
import { type BuiltPage, broken, builtPages } from './crawl.js';
import { root, tutorials } from './repository.js';
import { type Served, serve } from './serve.js';

const minutes = 60_000; // ms
const out = mkdtempSync(join(tmpdir(), 'gatewise-site-'));
let pages: readonly BuiltPage[];

beforeAll(async () => {
  const command = ['-C', 'gatewise-source', '--import', 'tsx', 'site/build.ts', '--out', out];
  const child = spawn(process.execPath, command, { cwd: root });
  const said: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => said.push(chunk));
  const code = await new Promise((done) => child.once('close', done));
  expect(code, Buffer.concat(said).toString()).toBe(0);
  pages = builtPages(out);
}, 10 * minutes);
afterAll(() => rmSync(out, { recursive: true }));

describe('the built site', () => {
  it('has a page for every tutorial, cell, plugin and package', () => {
    const paths = pages.map(({ path }) => path);
    const wanted = [
      ...['/index.html', '/bench/index.html', '/packages/plugin/HOOKS.html', '/coming-from/keras.html'],
      ...['/cells/lstm.html', '/plugins/clip/index.html', '/packages/core/index.html'],
      ...tutorials().map((folder) => `/${folder}/index.html`),
    ];
    expect(wanted.filter((path) => !paths.includes(path))).toEqual([]);
  });
  it('has no link and no picture that leads nowhere, down to anchors', () => {
    expect(broken(out, pages)).toEqual([]);
  });
  it('loads nothing from elsewhere', () => {
    const outside = pages.flatMap(({ loads }) => loads.filter((to) => /^(https?:)?\/\//.test(to)));
    expect(outside).toEqual([]);
  });
  it('and the crawl notices both', () => {
    const page = {
      path: '/cells/x.html',
      ids: new Set<string>(),
      links: ['lstm.html#no', '/no.html'],
      loads: [],
    };
    expect(broken(out, [...pages, page])).toEqual(['/cells/x.html: lstm.html#no', '/cells/x.html: /no.html']);
  });
});

const chromium = await findChromium().catch((error: Error) => error);
const missing = chromium instanceof Error ? chromium.message : undefined;

describe.skipIf(missing)(`in Chromium${missing ? `: ${missing}` : ''}`, () => {
  let server: Served;
  let browser: Browser;
  beforeAll(async () => {
    server = await serve(out);
    browser = await launch(chromium as string, 'plain');
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  /** A tab, and what it said or asked for that it should not have. */
  async function open(options: BrowserContextOptions = {}) {
    const tab = await (await browser.newContext(options)).newPage();
    const faults: string[] = [];
    tab.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) faults.push(`${tab.url()}: ${message.text()}`);
    });
    tab.on('pageerror', (error) => faults.push(`${tab.url()}: thrown: ${error.message}`));
    tab.on('request', (request) => {
      const own = request.url().startsWith(`${server.url}/`) || request.url().startsWith('data:');
      if (!own) faults.push(`${tab.url()}: asked for ${request.url()}`);
    });
    return { tab, faults, go: (path: string) => tab.goto(server.url + path, { timeout: 2 * minutes }) };
  }
  const close = (tab: Page) => tab.context().close();

  it(
    'no page says an error, asks for anything outside, or is wider than a phone',
    async () => {
      const left = pages.map(({ path }) => path).filter((path) => !/^\/(source\/|404)/.test(path));
      expect(left.length).toBeGreaterThan(80);
      const visit = async () => {
        const { tab, faults, go } = await open({ viewport: { width: 375, height: 700 } });
        for (let path = left.pop(); path !== undefined; path = left.pop()) {
          await go(path);
          const width = (await tab.evaluate('document.documentElement.scrollWidth')) as number;
          if (width > 375) faults.push(`${path}: ${width} px wide`);
        }
        await close(tab);
        return faults;
      };
      expect((await Promise.all([visit(), visit()])).flat()).toEqual([]);
    },
    5 * minutes,
  );

  it.each(['light', 'dark'] as const)(
    'passes axe, contrast too: %s',
    async (colorScheme) => {
      const { tab, faults, go } = await open({ colorScheme });
      const tutorial = `/${tutorials().at(-1)}/`;
      for (const path of [
        '/',
        tutorial,
        '/cells/',
        '/cells/lstm.html',
        '/plugins/clip/',
        '/coming-from/keras.html',
      ]) {
        await go(path);
        expect(await tab.evaluate("document.documentElement.classList.contains('dark')")).toBe(
          colorScheme === 'dark',
        );
        // what is there is the same in the dark, its colours are not
        const found = await violations(tab, colorScheme === 'dark' ? contrast : wcag);
        faults.push(...found.map((fault) => `${path}: ${fault}`));
      }
      await close(tab);
      expect(faults).toEqual([]);
    },
    5 * minutes,
  );

  it(
    'is used by keyboard: a skip link first, focus that is seen, a search that finds a cell',
    async () => {
      const { tab, faults, go } = await open();
      await go('/cells/');
      await tab.waitForSelector('.VPNavBarSearchButton, .DocSearch-Button');
      await tab.keyboard.press('Tab');
      expect(await focused(tab)).toMatchObject({ text: 'Skip to content', seen: true });
      await tab.keyboard.press('Enter');
      expect(new URL(tab.url()).hash).toBe('#VPContent');
      for (let n = 0; n < 8; n++) {
        await tab.keyboard.press('Tab');
        expect(await focused(tab)).toMatchObject({ seen: true });
      }
      await tab.keyboard.press('Control+k');
      await tab.waitForSelector('#localsearch-input');
      await tab.keyboard.type('peephole', { delay: 20 });
      await tab.waitForSelector('#localsearch-list a[href*="lstm-peephole"]', { timeout: minutes });
      expect(await violations(tab, contrast)).toEqual([]);
      await tab.keyboard.press('Enter');
      await tab.waitForURL(/lstm-peephole/);
      await tab.waitForSelector('h1:has-text("lstm-peephole")');
      await close(tab);
      expect(faults).toEqual([]);
    },
    5 * minutes,
  );
});

const contrast: axe.RunOptions = { runOnly: ['color-contrast'] };
const wcag: axe.RunOptions = {
  runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'],
  // VitePress' search button is called Search, and shows its key beside the word
  rules: { 'label-content-name-mismatch': { enabled: false } },
};

/** What axe finds, one line a rule, with the first elements. */
async function violations(tab: Page, options: axe.RunOptions): Promise<string[]> {
  await tab.evaluate(axe.source);
  const { violations } = (await tab.evaluate(
    `axe.run(document, ${JSON.stringify(options)})`,
  )) as axe.AxeResults;
  return violations.map(
    ({ id, nodes }) =>
      `${id} (${nodes.length}): ${nodes
        .slice(0, 3)
        .map(({ html, any }) => `${html.slice(0, 120)} ${any[0]?.message ?? ''}`)
        .join(' | ')}`,
  );
}

/** The element with the focus: its words, and whether it is marked so that one sees it. */
const focused = (tab: Page) =>
  tab.evaluate(`(() => {
    const element = document.activeElement;
    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element);
    const { width, height } = element.getBoundingClientRect();
    const marked = (outlineStyle !== 'none' && parseFloat(outlineWidth) > 0) || boxShadow !== 'none';
    return { text: element.textContent.trim(), seen: element !== document.body && marked && width > 0 && height > 0 };
  })()`);
