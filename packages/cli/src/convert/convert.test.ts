import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useBackend } from '@gatewise/backends';
import { modelFolder } from '@gatewise/plugin-checkpoint';
import { readSafetensors, valuesOf } from '@gatewise/safetensors';
import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, loadLayersModel } from '@tensorflow/tfjs-layers';
import type { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { characterModel } from '../train/model.js';
import { exportCommand } from './export.js';
import { importCommand } from './import.js';
import { withoutStates } from './model-of.js';

const V = 7;
let folder = '';
let network: LayersModel;
const at = (name: string) => join(folder, name);
beforeAll(async () => {
  await useBackend('cpu');
  folder = await mkdtemp(join(tmpdir(), 'gatewise-convert-'));
  network = characterModel('gru', 5, V, 3);
  await network.save(modelFolder(at('run/model')));
  vi.spyOn(console, 'log').mockImplementation(() => {});
});
afterAll(() => rm(folder, { recursive: true }));

const run = (command: Command, ...args: string[]) =>
  command.exitOverride().parseAsync(args, { from: 'user' });

const ids = () => tf.tensor2d([1, 0, 3, 2, 6, 5], [2, 3], 'int32');
/** The logits from zero states; other formats read each id as a vector with a single 1. */
async function logits(model: LayersModel): Promise<number[]> {
  const x = model.inputs[0]!.shape.length === 3 ? tf.oneHot(ids(), V) : ids();
  const states = model.inputs.slice(1).map(({ shape }) => tf.zeros([2, shape[1] as number]));
  const y = model.predict([x, ...states]);
  return Array.from(await (Array.isArray(y) ? y[0]! : y).data());
}

describe('gatewise export', () => {
  it('writes all weights in safetensors', async () => {
    await run(exportCommand(), at('run'), '--to', 'safetensors', '--out', at('all.safetensors'));
    const { tensors } = readSafetensors(await readFile(at('all.safetensors')));
    const saved = [...tensors.values()].map((entry) => Array.from(valuesOf(entry) as Float32Array));
    const here = await Promise.all(network.getWeights().map(async (w) => Array.from(await w.data())));
    expect(saved).toEqual(here);
  });

  it.each(['tf-layers', 'keras', 'pytorch'])('writes %s', async (to) => {
    // tf.layers and PyTorch have the GRU that resets after the product, Keras both
    const model = characterModel(to === 'pytorch' ? 'lstm' : 'gru', 5, V, 3);
    await model.save(modelFolder(at(`${to}-run`)));
    await run(exportCommand(), at(`${to}-run`), '--to', to, '--out', at(to));
    expect(await readdir(folder)).toContain(to);
  });

  it('comes back through gatewise import, with the same predictions', async () => {
    await run(importCommand(), at('tf-layers'), '--out', at('back'));
    const back = await loadLayersModel(modelFolder(at('back')));
    const [a, b] = [await logits(network), await logits(back)];
    expect(b).toHaveLength(2 * 3 * V);
    for (const [i, z] of b.entries()) expect(z).toBeCloseTo(a[i]!, 5);
    const order = ['--order', 'recurrent', 'head'];
    await run(importCommand(), at('pytorch'), '--out', at('torch-back'), ...order);
    expect(await readdir(at('torch-back'))).toContain('model.json');
  });

  it('writes a whole archive of Keras where the name ends so, which comes back', async () => {
    await run(exportCommand(), at('keras-run'), '--to', 'keras', '--out', at('whole.keras'));
    await run(importCommand(), at('whole.keras'), '--out', at('whole-back'));
    const back = await logits(await loadLayersModel(modelFolder(at('whole-back'))));
    const wanted = await logits(network);
    expect(back).toHaveLength(wanted.length);
    for (const [i, z] of back.entries()) expect(z).toBeCloseTo(wanted[i]!, 5);
  });

  it('gatewise import writes a certificate beside the model, of golden inputs where they are given', async () => {
    const golden = (name: string) =>
      join(import.meta.dirname, `../../../../test/golden/files/interchange/${name}`);
    const read = async (out: string) => JSON.parse(await readFile(join(at(out), 'certificate.json'), 'utf8'));
    await run(importCommand(), golden('torch_gru.safetensors'), '--out', at('bare'));
    expect(await read('bare')).toMatchObject({ model: 'torch', passed: null, tensors: [] });
    const fixture = ['--fixture', golden('torch_gru.json')];
    await run(importCommand(), golden('torch_gru.safetensors'), '--out', at('held'), ...fixture);
    const { passed, tensors } = await read('held');
    expect(passed).toBe(true);
    expect(tensors.map(({ tensor }: { tensor: string }) => tensor)).toEqual([
      'expected.y',
      'expected.logits',
      'expected.h_n',
    ]);
  });

  it('what weights of Keras do not say is told', async () => {
    const golden = (name: string) =>
      join(import.meta.dirname, `../../../../test/golden/files/interchange/${name}`);
    const fixture = golden('keras_seq.json');
    await writeFile(at('config.json'), JSON.parse(await readFile(fixture, 'utf8')).modelConfig);
    const weights = golden('keras_seq.weights.h5');
    await expect(run(importCommand(), weights, '--out', at('k'))).rejects.toThrow(/^GW_IMPORT_ASK: /);
    const told = ['--config', at('config.json'), '--keras-version', '3', '--fixture', fixture];
    await run(importCommand(), weights, '--out', at('k'), ...told);
    expect(JSON.parse(await readFile(join(at('k'), 'certificate.json'), 'utf8'))).toMatchObject({
      passed: true,
    });
  });

  it('overwrites nothing, and says what is no model', async () => {
    await expect(run(exportCommand(), at('run'), '--to', 'keras', '--out', at('back'))).rejects.toThrow(
      /^GW_EXPORT_EXISTS: /,
    );
    await expect(run(exportCommand(), at('none'), '--to', 'keras', '--out', at('x'))).rejects.toThrow(
      /^GW_RUN_MODEL: /,
    );
    await expect(run(importCommand(), at('tf-layers'), '--out', at('back'))).rejects.toThrow(
      /^GW_IMPORT_EXISTS: /,
    );
    await expect(run(importCommand(), at('none'), '--out', at('x'))).rejects.toThrow(/^GW_IMPORT_FILE: /);
    await writeFile(at('noise'), 'no model at all');
    await expect(run(importCommand(), at('noise'), '--out', at('x'))).rejects.toThrow(/^GW_IMPORT_FORMAT: /);
    expect(await readdir(folder)).not.toContain('x');
  });
});

it('a character model without its states begins at zero', async () => {
  const wanted = await logits(network);
  const plain = withoutStates(await loadLayersModel(modelFolder(at('run/model'))));
  expect(plain.inputs).toHaveLength(1);
  expect(await logits(plain)).toEqual(wanted);
});
