import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findChromium } from '../../scripts/setup-browser.mjs';
import { bundleOf, type Predicted, predictInPage } from './page.js';
import { publishAll } from './publish.js';
import { type Registry, startRegistry } from './registry.js';
import { makeWorkspace, type Workspace } from './workspace.js';

// What a stranger has: packages from a registry, nothing of this repository.

/** Bytes of the page's script, packed; tf.js is two thirds of it. */
const budget = 215_000;

let registry: Registry;
let workspace: Workspace;
beforeAll(async () => {
  registry = await startRegistry();
  await publishAll(registry);
  workspace = await makeWorkspace(registry);
}, 600_000);
afterAll(async () => {
  await workspace?.close();
  await registry?.close();
});

describe('installed from a registry', () => {
  it.each(['gradient-noise', 'leaky', 'sums'])('%s builds, and its tests pass', async (project) => {
    await workspace.run(project, 'npm', 'run', 'build');
    expect(await workspace.run(project, 'npm', 'test')).toMatch(/Tests {2}\d+ passed \(\d+\)/);
  });

  it.each(['gradient-noise', 'leaky'])('%s can be published', async (project) => {
    expect(await workspace.faults(project)).toEqual([]);
  });

  it('sums trains', async () => {
    expect(await workspace.run('sums', 'node', 'dist/index.js')).toMatch(/Validation loss: 0\.\d+ → /);
    expect(existsSync(join(workspace.folder, 'sums/runs/first/model/model.json'))).toBe(true);
  });
});

describe('the command line', () => {
  it('trains on a text, goes on, and writes', async () => {
    await writeFile(join(workspace.folder, 'sums/book.txt'), 'the whale and the sea, '.repeat(100));
    const small = '--backend cpu --steps 3 --units 8 --batch 2 --time 5 --held-out 100 --sample 5 --name one';
    const gatewise = (line: string) => workspace.run('sums', 'npx', 'gatewise', ...line.split(' '));
    expect(await gatewise(`train book.txt ${small}`)).toMatch(/loaded again with the same predictions/);
    const { steps, name } = JSON.parse(await gatewise('train --resume runs/one --steps 5 --json'));
    expect({ steps, name }).toEqual({ steps: 5, name: 'one' });
    expect(await gatewise('sample runs/one --length 9 --top-k 3')).toMatch(/^the whale .{9}\n$/su);
    await gatewise('export runs/one --to safetensors --out one.safetensors');
    expect(existsSync(join(workspace.folder, 'sums/one.safetensors'))).toBe(true);
  });

  it('knows what is there', async () => {
    const { code, stdout } = await workspace.attempt('sums', 'npx', 'gatewise', 'doctor', '--json');
    const { ok, parts } = JSON.parse(stdout) as { ok: boolean; parts: { Engines: { fix: string }[] } };
    expect([code, ok]).toEqual([0, true]);
    expect(parts.Engines[0]!.fix).toBe('npm install @gatewise/engine-native');
  });
});

describe('bundled for a page by Vite', async () => {
  const chromium = await findChromium().catch((error: Error) => error);

  it(`is small, ${budget / 1000} KB with tf.js, and carries no container and no trainer`, async () => {
    await workspace.run('page', 'npm', 'run', 'build');
    const files = Object.entries(await bundleOf(join(workspace.folder, 'page/dist')));
    const script = files.filter(([path]) => path.endsWith('.js'));
    expect(script).toHaveLength(1);
    expect(gzipSync(script[0]![1]).length).toBeLessThan(budget);
    const [, map] = files.find(([path]) => path.endsWith('.js.map'))!;
    const sources = (JSON.parse(String(map)) as { sources: string[] }).sources;
    for (const name of ['layers', 'engine-wasm']) {
      expect(sources).toContainEqual(expect.stringContaining(`@gatewise/${name}/`));
    }
    expect(sources.filter((path) => /inversify|@gatewise\/(plugin|trainer|optimisers)/.test(path))).toEqual(
      [],
    );
  });

  it.skipIf(chromium instanceof Error)(
    `predicts in a page what Node predicts${chromium instanceof Error ? `: ${chromium.message}` : ''}`,
    async () => {
      const model = join(workspace.folder, 'sums/runs/first/model');
      const node = JSON.parse(await workspace.run('page', 'node', 'in-node.js', model)) as Predicted;
      const bundle = await bundleOf(join(workspace.folder, 'page/dist'));
      const { predicted, said } = await predictInPage(bundle, model, chromium as string);
      expect(said).toEqual([]);
      expect(predicted.logits).toHaveLength(4);
      for (const [i, z] of predicted.logits.entries()) expect(z).toBeCloseTo(node.logits[i]!, 4);
    },
  );
});
