import type { Browser, Page as Tab } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findChromium } from '../../scripts/setup-browser.mjs';
import { bundlePage, bundleSource } from './bundle.js';
import { launch } from './launch.js';
import type { Watched } from './page/responsive.js';
import { type Server, serve } from './server.js';

const chromium = await findChromium().catch((error: Error) => error);
const missing = chromium instanceof Error ? chromium.message : undefined;

describe.skipIf(missing)(`training in a worker of a page${missing ? `: ${missing}` : ''}`, () => {
  let server: Server;
  let browser: Browser;
  let tab: Tab;
  beforeAll(async () => {
    server = await serve('plain', {
      '/page.html': '<!doctype html><title>Gatewise</title><script type="module" src="/page.js"></script>',
      '/favicon.ico': '',
      '/page.js': (await bundlePage('responsive')).text,
      '/train-worker.js': (await bundlePage('train-worker')).text,
    });
    browser = await launch(chromium as string, 'plain');
    tab = await browser.newPage();
    await tab.goto(`${server.url}/page.html`);
    await tab.waitForFunction('"responsive" in globalThis');
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  it('and the page itself carries no trainer and no tf.js', async () => {
    const { text } = await bundleSource("export { trainInWorker } from '@gatewise/trainer-worker';");
    expect(text).toContain('GW_WORKER_DIED');
    expect(text).not.toMatch(/GW_TRAIN_|tfjs|inversify|["'`]node:fs/);
  });

  it('leaves the page responsive: frames are drawn while it learns', async () => {
    const watched = (await tab.evaluate('responsive.watch()')) as Watched;
    const { longestTask, longTasks, longestFrame, longestTimer, frames, reports, steps } = watched;
    const ms = (n: number) => `${n.toFixed(1)} ms`;
    console.info(
      `the page while its worker trains ${steps} steps: longest task ${longTasks === 0 ? 'below 50 ms' : ms(longestTask)} ` +
        `(${longTasks} above 50 ms), longest time between frames ${ms(longestFrame)}, between timers ${ms(longestTimer)}; ` +
        `${frames} frames, ${reports} reports`,
    );
    expect(steps).toBe(120);
    expect(watched.lastLoss).toBeLessThan(watched.firstLoss);
    expect(reports).toBeGreaterThan(0);
    expect(frames).toBeGreaterThan(1);
    // generous: on a busy machine any task may wait; training itself would be seconds in one thread
    expect(longestTask).toBeLessThan(2000);
    expect(watched.moved[0]).toBe(watched.moved[1]);
    expect(JSON.parse(watched.run)).toMatchObject({
      ...{ end: { reason: 'completed' }, step: 120, git: null, machine: { threads: expect.any(Number) } },
      engine: { backend: 'cpu', recurrence: 'wasm' },
      versions: { browser: expect.stringContaining('Chrome'), '@tensorflow/tfjs-core': '4.22.0' },
    });
  });

  it('is cancelled by its signal', async () => {
    const wanted = { reason: 'stopped', why: 'enough', steps: true };
    expect(await tab.evaluate('responsive.cancel()')).toMatchObject(wanted);
  });

  it.each([
    ['coded', /^GW_TEST_CODED GW_TEST_CODED: got this, wanted that$/],
    ['uncaught', /^GW_WORKER_DIED .*thrown aside/],
    ['close', /^GW_WORKER_DIED .*it ended by itself/],
    ['missing', /^GW_WORKER_DIED .*could not be loaded/],
  ])('a worker that fails is told: %s', async (mode, said) => {
    expect(await tab.evaluate(`responsive.failing('${mode}')`)).toMatch(said);
  });
});
