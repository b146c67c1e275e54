import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { useBackend } from '@gatewise/backends';
import {
  build,
  describe as describeModel,
  readModel,
  writeKeras,
  writeKerasWeights,
  writeTorch,
} from '@gatewise/interop';
import { goldenLines, replayGoldenFile } from '@gatewise/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const python = here('../../bench/.peers/python/bin/python');
const there = existsSync(python);
const folder = mkdtempSync(join(tmpdir(), 'gatewise-interop-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs originals.py; what it printed last. */
function originals(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(python, [here('originals.py'), folder, ...args], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr.slice(-2000));
  return stdout.trim().split('\n').at(-1)!;
}

const title = there
  ? 'models of PyTorch and Keras'
  : 'models of PyTorch and Keras, which npm run setup:peers sets up';
describe.skipIf(!there)(title, () => {
  let names: string[] = [];
  const path = (name: string) => join(folder, name);
  const bytes = (name: string) => new Uint8Array(readFileSync(path(name)));
  beforeAll(async () => {
    await useBackend('cpu');
    originals();
    names = readdirSync(folder)
      .filter((name) => name.endsWith('.json'))
      .map((name) => name.slice(0, -5));
  }, 600_000);

  it('are read from every file that they are saved as, and give the same outputs', async () => {
    expect(names).toHaveLength(15);
    for (const name of names) {
      const result = await replayGoldenFile(path(`${name}.json`));
      expect(result?.status, goldenLines(result!).join('\n')).toBe('passed');
    }
  });

  it('written here again are loaded by the real PyTorch and Keras, with the same weights and outputs', async () => {
    for (const name of names) {
      const { tensors, modelConfig } = JSON.parse(readFileSync(path(`${name}.json`), 'utf8'));
      if (tensors) {
        const order = [...new Set(Object.keys(tensors).map((key) => key.slice(0, key.lastIndexOf('.'))))];
        const spec = await readModel(bytes(`${name}.safetensors`), {
          order,
          nonlinearity: name.includes('relu') ? 'relu' : 'tanh',
        });
        writeFileSync(path(`${name}.copy.safetensors`), writeTorch(spec));
      } else {
        const spec = await readModel(bytes(`${name}.keras`), { config: modelConfig });
        // once round through a model here
        const model = build(spec);
        const described = await describeModel(model);
        writeFileSync(path(`${name}.copy.weights.h5`), await writeKerasWeights(described));
        writeFileSync(path(`${name}.copy.keras`), await writeKeras(described));
        model.dispose();
      }
    }
    const errors = JSON.parse(originals('copies')) as Record<string, number>;
    expect(Object.keys(errors).sort()).toEqual(names.sort());
    for (const name of names) {
      // weights of PyTorch come back as they were; float64 ones rounded; a model's two biases of a gate summed
      const exact = errors[name] === 0;
      expect([name, exact || errors[name]! < 1e-6]).toEqual([name, true]);
    }
    expect(Object.values(errors).filter((error) => error === 0).length).toBeGreaterThan(10);
  });
});
