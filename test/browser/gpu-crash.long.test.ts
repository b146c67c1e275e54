import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findChromium } from '../../scripts/setup-browser.mjs';
import { bundlePage } from './bundle.js';
import { launch } from './launch.js';
import { type Server, serve } from './server.js';

const chromium = await findChromium().catch((error: Error) => error);
const missing = chromium instanceof Error ? chromium.message : null;

/** Ends the browser's own GPU process: what a driver's crash is to a page. */
async function crashGpu(browser: Browser): Promise<void> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  process.kill(processInfo.find(({ type }) => type === 'GPU')!.id, 'SIGKILL');
}

describe.skipIf(missing)(`a GPU process that crashes before a read${missing ? `: ${missing}` : ''}`, () => {
  let server: Server;
  beforeAll(async () => {
    server = await serve('all', {
      '/all.html': '<!doctype html><title>Gatewise</title><script type="module" src="/page.js"></script>',
      '/favicon.ico': '',
      '/page.js': (await bundlePage('crash')).text,
    });
  });
  afterAll(() => server.close());

  it.each([
    ['webgl', 'GW_ENGINE_LOST'],
    ['webgpu', 'GW_ENGINE_DEVICE_LOST'],
  ])('on %s is %s, also later, and the backend starts again', async (name, code) => {
    const browser = await launch(chromium as string, 'all');
    try {
      const tab = await browser.newPage();
      await tab.goto(`${server.url}/all.html`);
      expect(await tab.evaluate(`crashPage.compute('${name}')`)).toContain(name);
      await crashGpu(browser);
      expect(await tab.evaluate('crashPage.read()')).toBe(code);
      await tab.waitForTimeout(1000); // the browser has restored the context
      expect(await tab.evaluate('crashPage.read()')).toBe(code);
      await tab.evaluate(`crashPage.compute('${name}')`);
      expect(await tab.evaluate('crashPage.read()')).toBe('4,9');
    } finally {
      await browser.close();
    }
  });
});
