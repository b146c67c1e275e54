import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hasNativeAddon } from '@gatewise/backends';
import { afterAll, describe, expect, it } from 'vitest';
import { fetchNode, versions } from './fetch-node.js';

// One addon, built once against Node's C interface, and one source run under every supported Node.

const here = fileURLToPath(new URL('.', import.meta.url));
const root = join(here, '..', '..');
const withNode = hasNativeAddon();
const expected = withNode ? ['cpu', 'node', 'wasm', 'cpu'] : ['cpu', 'wasm', 'cpu'];

interface Backend {
  readonly name: string;
  readonly driver: string;
  readonly product: number[];
  readonly dA: number[];
  readonly leaked: number;
}

/** TensorFlow says this on processors with AVX-512 before it reads any setting that could hide it. */
const oneDnnNote =
  /^WARNING: All log messages before absl::InitializeLog.*\n(I0000 .*oneDNN custom operations are on.*\n)/m;

const figures: { node: string; backends: Record<string, string> }[] = [];

describe(`backends under every supported Node${withNode ? '' : ' (node left out: no addon, run npm run setup:tensorflow)'}`, () => {
  it.each(versions)('Node %s multiplies and differentiates, silently', { timeout: 300_000 }, (version) => {
    const binary = fetchNode(version);
    const program = join(here, 'program.ts');
    const child = spawnSync(binary, ['-C', 'gatewise-source', '--import', 'tsx', program], {
      cwd: root,
      encoding: 'utf8',
    });
    expect(child.stderr.replace(oneDnnNote, '')).toBe('');
    const run = JSON.parse(child.stdout) as { node: string; backends: Backend[] };
    expect(run.node).toMatch(new RegExp(`^${version}\\.`));
    expect(run.backends.map(({ name }) => name)).toEqual(expected);
    for (const { product, dA, leaked } of run.backends) {
      expect({ product, dA, leaked }).toEqual({
        product: [19, 22, 43, 50],
        dA: [454, 618, 1030, 1402],
        leaked: 0,
      });
    }
    const drivers = Object.fromEntries(run.backends.map(({ name, driver }) => [name, driver]));
    figures.push({ node: run.node, backends: drivers });
  });

  afterAll(() => {
    if (figures.length < versions.length) return;
    const text = JSON.stringify({ platform: `${process.platform}-${process.arch}`, runs: figures }, null, 2);
    writeFileSync(join(here, 'figures.json'), `${text}\n`);
  });
});
