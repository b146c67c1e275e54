import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildDemo, type Served, serveDemo } from '@gatewise/example-demo';
import axe from 'axe-core';
import type { Browser, Locator, Page as Tab } from 'playwright-core';
import { evaluator } from '../browser/evaluator.js';
import { launch } from '../browser/launch.js';

/** The demo, bundled and served as `npm run demo` does it, in a Chromium. */
export interface Demo {
  open(options?: OpenOptions): Promise<OpenDemo>;
  close(): Promise<void>;
}
interface OpenOptions {
  readonly width?: number;
  readonly height?: number;
  readonly dark?: boolean;
  readonly tab?: 'write' | 'train';
  /** With WebGL and WebGPU, both on SwiftShader; so it is unless this is false. */
  readonly gpu?: boolean;
}

/** A tab with the demo, and what was seen of it. */
export interface OpenDemo {
  readonly tab: Tab;
  /** Errors and warnings of the console, which has what the policy forbids too, and what was thrown. */
  readonly said: readonly string[];
  /** Every address that was asked for besides the demo's own. */
  readonly outside: readonly string[];
  /** By the protocol: playwright's own evaluate makes code from text, which the policy forbids. */
  evaluate(expression: string): Promise<unknown>;
  /** What axe-core finds wrong, one line each. */
  faults(): Promise<readonly string[]>;
  by(id: string): Locator;
}

export async function startDemo(chromium: string): Promise<Demo> {
  const folder = await mkdtemp(join(tmpdir(), 'gatewise-demo-'));
  const browsers = new Map<boolean, Promise<Browser>>();
  let server: Served | undefined;
  const close = async () => {
    for (const browser of browsers.values()) await (await browser).close();
    await server?.close();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await buildDemo(folder);
    server = await serveDemo(folder, { port: 0 });
  } catch (error) {
    await close();
    throw error;
  }
  const { url } = server;
  const open = async (options: OpenOptions = {}) => {
    const { gpu = true } = options;
    const browser = browsers.get(gpu) ?? launch(chromium, gpu ? 'all' : 'plain');
    browsers.set(gpu, browser);
    return openTab(await browser, url, options);
  };
  return { open, close };
}

/** What a driver says of speed comes and goes with the load; that there is no adapter, the page says itself. */
const hint = /GPU stall due to ReadPixels|No available adapters/;

async function openTab(browser: Browser, url: string, options: OpenOptions): Promise<OpenDemo> {
  const { width = 1280, height = 900, dark = false, tab: which = 'write' } = options;
  const colorScheme = dark ? 'dark' : 'light';
  const tab = await browser.newPage({ viewport: { width, height }, colorScheme, acceptDownloads: true });
  const [said, outside]: [string[], string[]] = [[], []];
  tab.on('console', (message) => {
    const heard = ['error', 'warning'].includes(message.type()) && !hint.test(message.text());
    if (heard) said.push(`${message.type()}: ${message.text()}`);
  });
  tab.on('pageerror', (error) => said.push(`thrown: ${error.message}`));
  tab.on('request', (request) => {
    const own = request.url().startsWith(url) || request.url().startsWith(`blob:${url}`);
    if (!own) outside.push(request.url());
  });
  const evaluate = evaluator(tab, await tab.context().newCDPSession(tab));
  const by = (id: string) => tab.locator(`#${id}`);
  await tab.goto(`${url}#${which}`, { timeout: 100_000 });
  // the last thing that the page makes
  await tab.locator('#train-backend option').nth(3).waitFor({ state: 'attached', timeout: 100_000 });
  const faults = async () => {
    await evaluate(`${axe.source}; 0`);
    return (await evaluate(check)) as string[];
  };
  return { tab, said, outside, evaluate, faults, by };
}

const check = `axe.run().then(({ violations }) => violations.flatMap(({ id, nodes }) =>
  nodes.map(({ target, failureSummary }) => id + ': ' + target.join(' ') + ': ' + failureSummary)))`;
