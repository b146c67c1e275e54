import { fileURLToPath } from 'node:url';
import { findGolden } from '@gatewise/testing';
import type { Page as Tab } from 'playwright-core';
import { bundlePage } from './bundle.js';
import { evaluator } from './evaluator.js';
import { launch } from './launch.js';
import type { PageBackend } from './page/backend.js';
import type { Used } from './page/main.js';
import type { PageKind } from './page/suites.js';
import { type Contents, serve } from './server.js';

/** An open page, and what the browser has said about it. */
export interface OpenPage {
  readonly tests: readonly { readonly name: string; readonly skipped: boolean }[];
  /** Errors and warnings of the console, and what was thrown outside of any test. */
  readonly said: readonly string[];
  run(n: number): Promise<string | null>;
  violations(): Promise<readonly string[]>;
  /** What a backend is in the page. */
  use(name: PageBackend): Promise<Used>;
  /** Evaluates an expression in the page. */
  evaluate(expression: string): Promise<unknown>;
  close(): Promise<void>;
}

/** Bundles the page, serves it with the headers of its kind, and opens it in a Chromium of its own. */
export async function openPage(kind: PageKind, executablePath: string, files: Contents): Promise<OpenPage> {
  const server = await serve(kind, {
    ...files,
    [`/${kind}.html`]: '<!doctype html><title>Gatewise</title><script type="module" src="/page.js"></script>',
    '/favicon.ico': '',
    '/page.js': (await bundlePage('main')).text,
    '/worker.js': (await bundlePage('worker')).text,
    '/eval.js': "let said = 'allowed'; try { eval('0'); } catch ({ name }) { said = name; } export { said };",
    '/files.json': JSON.stringify(await goldenFiles()),
  });
  const browser = await launch(executablePath, kind);
  const close = async () => {
    await browser.close();
    await server.close();
  };
  try {
    const tab = await browser.newPage();
    const said = listen(tab);
    const session = await tab.context().newCDPSession(tab);
    // tf.js takes half of these as threads, where the page is isolated: two, whatever this machine has
    await session.send('Emulation.setHardwareConcurrencyOverride', { hardwareConcurrency: 4 });
    await tab.goto(`${server.url}/${kind}.html`, { timeout: 120_000 });
    const evaluate = evaluator(tab, session);
    const tests = (await evaluate('gatewise.then(({ tests }) => tests)').catch((error: Error) => {
      throw new Error([error.message, ...said].join('\n'));
    })) as OpenPage['tests'];
    return {
      tests,
      said,
      run: async (n) => (await evaluate(`gatewise.then((page) => page.run(${n}))`)) as string | null,
      violations: async () => (await evaluate('gatewise.then((page) => page.violations)')) as string[],
      use: async (name) => (await evaluate(`gatewise.then((page) => page.use('${name}'))`)) as Used,
      evaluate,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Layers, stacks and losses; layer norm is not pointwise: composed of tf.js ops alone, in a later issue. */
async function goldenFiles(): Promise<string[]> {
  const folder = fileURLToPath(new URL('../golden/files/', import.meta.url));
  const files = await findGolden(['cells', 'losses'].map((name) => `${folder}${name}`));
  return files.map((file) => file.slice(folder.length)).filter((file) => !file.includes('/lstm_layernorm/'));
}

/** What a graphics driver says of speed comes and goes with the load of the machine. */
const hint = /performance warning: |GL Driver Message \(OpenGL, Performance/;

function listen(tab: Tab): string[] {
  const said: string[] = [];
  tab.on('console', (message) => {
    const heard = ['error', 'warning'].includes(message.type()) && !hint.test(message.text());
    if (heard) said.push(`${message.type()}: ${message.text()}`);
  });
  tab.on('pageerror', (error) => said.push(`thrown: ${error.message}`));
  return said;
}
