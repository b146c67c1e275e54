import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { main } from '@gatewise/cli';
import { build, dequantise } from '@gatewise/interop';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { findChromium } from '../../scripts/setup-browser.mjs';
import { launch } from '../browser/launch.js';
import { serve } from '../browser/server.js';
import { fileOf } from './tutorials.js';

const chromium = await findChromium().catch((error: Error) => error);
const title = chromium instanceof Error ? `: ${chromium.message}` : '';

const slow = { timeout: 60_000 };

/** Opens a page of a folder; everything that it asks for, and what the console says. */
async function open(folder: string, kind: 'sealed' | 'policy') {
  const names = (await readdir(folder)).filter((name) => !name.endsWith('.ts'));
  const contents = names.map(async (name) => [`/${name}`, await readFile(join(folder, name))] as const);
  const server = await serve(kind, {
    ...Object.fromEntries(await Promise.all(contents)),
    '/favicon.ico': '',
  });
  const browser = await launch(chromium as string, 'plain');
  const tab = await browser.newPage();
  const [asked, said]: string[][] = [[], []];
  tab.on('request', (request) => asked!.push(request.url()));
  tab.on('console', (message) => said!.push(`${message.type()}: ${message.text()}`));
  tab.on('pageerror', (error) => said!.push(`thrown: ${error.message}`));
  await tab.goto(`${server.url}/index.html`);
  const close = async () => {
    await browser.close();
    await server.close();
  };
  return { tab, url: server.url, asked: asked!, said: said!, close };
}

describe.skipIf(chromium instanceof Error)(`19-from-pytorch, in a page${title}`, async () => {
  const { ship, tuned, logitsOf } = await import(fileOf('19-from-pytorch', 'index.ts').href);
  let folder = '';
  let page: Awaited<ReturnType<typeof open>>;
  let wanted: Float32Array;
  let ids: Int32Array;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gatewise-page-'));
    const { model, symbols } = await tuned('short');
    ids = symbols.encode('My fellow Americans: $100, and ünknown');
    wanted = logitsOf(model, ids);
    await ship(model, folder);
    model.dispose();
    page = await open(join(folder, 'page'), 'sealed');
  });
  afterAll(async () => {
    await page?.close();
    await rm(folder, { recursive: true });
  });

  it('streams the logits of the module in Node, and of the model within 1e-6 of the largest', async () => {
    const { Model } = await import(/* @vite-ignore */ pathToFileURL(join(folder, 'page/model.js')).href);
    const inNode = new Model();
    const same: number[] = [...ids].flatMap((id) => [...inNode.push(id)]);
    const got = (await page.tab.evaluate(`(async () => {
      const { Model } = await import('./model.js');
      const model = new Model();
      return [${ids}].flatMap((id) => [...model.push(id)]);
    })()`)) as number[];
    const most = (values: ArrayLike<number>) => Math.max(...Array.from(values, Math.abs));
    expect(got).toHaveLength(wanted.length);
    expect(most(got.map((z, i) => z - same[i]!))).toBeLessThan(1e-6);
    expect(most(got.map((z, i) => z - wanted[i]!)) / most(wanted)).toBeLessThan(1e-6);
  });

  it('writes what is asked for, the same for the same seed, and asks for nothing outside', async () => {
    const { tab, url, asked, said } = page;
    const write = async (seed: string) => {
      await tab.fill('[name=prompt]', 'The state of ');
      await tab.fill('[name=seed]', seed);
      await tab.click('button');
      await expect.poll(async () => (await tab.textContent('output'))!.length, slow).toBeGreaterThan(60);
      return ((await tab.textContent('output')) as string).slice(0, 60);
    };
    const text = await write('1');
    expect(text).toMatch(/^The state of /);
    expect(await write('1')).toBe(text);
    expect(await write('2')).not.toBe(text);
    expect(said).toEqual([]);
    expect(asked.filter((address) => !address.startsWith(`${url}/`))).toEqual([]);
    expect(asked.map((address) => address.slice(url.length))).toContain('/model.js');
  });

  it('gatewise export --standalone writes the very same module', async () => {
    const out = join(folder, 'exported.js');
    vi.spyOn(console, 'log').mockImplementation(() => {});
    await main(['export', join(folder, 'model'), '--standalone', '--out', out]);
    expect(await readFile(out, 'utf8')).toBe(await readFile(join(folder, 'page/model.js'), 'utf8'));
    const { Model } = await import(/* @vite-ignore */ pathToFileURL(out).href);
    expect(new Model().push(ids[0]!)).toHaveLength(wanted.length / ids.length);
  });
});

describe.skipIf(chromium instanceof Error)(`16-ship, in a page${title}`, async () => {
  const { firstOf, packed, ship, trained } = await import(fileOf('16-ship', 'index.ts').href);
  let folder = '';
  let page: Awaited<ReturnType<typeof open>>;
  let wanted: { readonly text: string; readonly logits: readonly number[] };
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gatewise-ship-'));
    const { model, symbols } = await trained('short');
    await ship(model, symbols, folder);
    const again = build(dequantise(await packed(model, 'int8')));
    const ids = symbols.encode('The whale');
    const logits = tf.tidy(() =>
      (again.predict(tf.tensor2d([ids], undefined, 'int32')) as tf.Tensor).dataSync(),
    );
    wanted = { text: await firstOf(again, symbols, 400), logits: [...logits] };
    model.dispose();
    again.dispose();
    page = await open(folder, 'policy');
  });
  afterAll(async () => {
    await page?.close();
    await rm(folder, { recursive: true });
  });

  it('has the logits of the same file in Node, within 1e-6', async () => {
    await expect.poll(() => page.tab.getAttribute('body', 'data-ready'), slow).toBe('true');
    const got = (await page.tab.evaluate(`logits('The whale')`)) as number[];
    expect(got).toHaveLength(wanted.logits.length);
    expect(Math.max(...got.map((z, i) => Math.abs(z - wanted.logits[i]!)))).toBeLessThan(1e-6);
  });

  it('writes what Node writes, tells its speed, and asks for nothing outside', async () => {
    const { tab, url, asked, said } = page;
    await tab.click('button');
    await expect.poll(() => tab.textContent('#speed'), slow).toMatch(/^400 characters, [1-9]\d* a second$/);
    expect(await tab.textContent('output')).toBe(wanted.text);
    expect(said).toEqual([]);
    expect(asked.filter((address) => !address.startsWith(`${url}/`))).toEqual([]);
  });
});
