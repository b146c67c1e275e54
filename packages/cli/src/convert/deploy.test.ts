import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { useBackend } from '@gatewise/backends';
import { modelFolder } from '@gatewise/plugin-checkpoint';
import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, loadLayersModel } from '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { characterModel } from '../train/model.js';
import { exportCommand } from './export.js';
import { importCommand } from './import.js';
import { withoutStates } from './model-of.js';

const V = 7;
let folder = '';
let network: LayersModel;
const at = (name: string) => join(folder, name);
const said = vi.spyOn(console, 'log').mockImplementation(() => {});
beforeAll(async () => {
  await useBackend('cpu');
  folder = await mkdtemp(join(tmpdir(), 'gatewise-deploy-'));
  const model = characterModel('gru', 5, V, 3);
  await model.save(modelFolder(at('run/model')));
  network = withoutStates(model);
});
afterAll(() => rm(folder, { recursive: true }));

const run = (...args: string[]) =>
  exportCommand()
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .parseAsync([at('run'), ...args], { from: 'user' });
const ids = [1, 0, 3, 2, 6, 5];
/** The largest difference between the logits of a module, as a stream, and of the model. */
async function differenceOf(path: string): Promise<number> {
  const wanted = await (network.predict(tf.tensor2d(ids, [1, ids.length], 'int32')) as tf.Tensor).data();
  const { Model } = await import(/* @vite-ignore */ pathToFileURL(path).href);
  const model = new Model();
  const got: number[] = ids.flatMap((id) => [...model.push(id)]);
  expect(got).toHaveLength(wanted.length);
  return Math.max(...got.map((v, i) => Math.abs(v - wanted[i]!)));
}

describe('gatewise export --standalone', () => {
  it('writes a module that streams what the model predicts, within 1e-6, and its types', async () => {
    await run('--standalone', '--out', at('model.mjs'));
    expect(await differenceOf(at('model.mjs'))).toBeLessThan(1e-6);
    expect(await readFile(at('model.d.mts'), 'utf8')).toContain('push(step: number): Float32Array');
    expect(said.mock.lastCall?.[0]).toMatch(
      /one ES module of \d+ KB .*, weights in f32, and .*model\.d\.mts/,
    );
  });

  it.each([
    ['f16', 1e-3],
    ['int8', 3e-2],
  ])('is smaller with --quantise %s, and nearly the same', async (type, limit) => {
    await run('--standalone', '--quantise', type, '--out', at(`${type}.mjs`));
    const error = await differenceOf(at(`${type}.mjs`));
    expect(error).toBeGreaterThan(0);
    expect(error).toBeLessThan(limit);
    expect((await stat(at(`${type}.mjs`))).size).toBeLessThan((await stat(at('model.mjs'))).size);
  });

  it('overwrites nothing, and says what it was not told', async () => {
    await expect(run('--standalone', '--out', at('model.mjs'))).rejects.toThrow(/^GW_EXPORT_EXISTS: /);
    await expect(run('--standalone', '--out', at('model'))).rejects.toThrow(
      /^GW_EXPORT_NAME: .*\.js or \.mjs/,
    );
    await expect(run('--out', at('none'))).rejects.toThrow(/got no format, .*--standalone/);
    await expect(run('--standalone', '--to', 'keras', '--out', at('none.mjs'))).rejects.toThrow(
      /cannot be used with/,
    );
    expect(await readdir(folder)).not.toContain('none.mjs');
  });
});

describe('gatewise export --quantise', () => {
  it.each([
    ['f16', 1e-3],
    ['int8', 3e-2],
  ])('writes %s, says what it costs, and gatewise import reads it', async (type, limit) => {
    await run('--quantise', type, '--out', at(`${type}.safetensors`));
    expect(said.mock.lastCall?.[0]).toMatch(
      /on 16 drawn sequences of 64 steps:\n.+ KB to .+ KB, \d+ %\n {2}y {2}largest error \d\.\d+e-\d/,
    );
    const args = [at(`${type}.safetensors`), '--out', at(`${type}-back`)];
    await importCommand().exitOverride().parseAsync(args, { from: 'user' });
    const back = await loadLayersModel(modelFolder(at(`${type}-back`)));
    const [a, b] = await Promise.all(
      [network, back].map((m) => (m.predict(tf.tensor2d(ids, [1, ids.length], 'int32')) as tf.Tensor).data()),
    );
    const error = Math.max(...a!.map((v, i) => Math.abs(v - b![i]!)));
    expect(error).toBeGreaterThan(0);
    expect(error).toBeLessThan(limit);
  });
});
