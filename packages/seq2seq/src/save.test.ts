import { gru } from '@gatewise/layers';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { models, sharpen, sourcesOf } from '../test/models.js';
import { greedy, loadSeq2Seq, type Seq2Seq, saveSeq2Seq, seq2seq, setWeights } from './index.js';

beforeAll(() => tf.setBackend('cpu'));

/** What a model writes, through JSON as a file would hold it. */
async function saved(model: Seq2Seq): Promise<tf.io.ModelArtifacts> {
  let kept: tf.io.ModelArtifacts | undefined;
  const handler = tf.io.withSaveHandler(async (artifacts) => {
    kept = { ...artifacts, ...JSON.parse(JSON.stringify({ modelTopology: artifacts.modelTopology })) };
    return { modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(artifacts) };
  });
  await saveSeq2Seq(model, handler);
  return kept!;
}
const load = (artifacts: tf.io.ModelArtifacts) => loadSeq2Seq(tf.io.fromMemory(artifacts));

describe.each(Object.keys(models))('%s', (name) => {
  it('is saved and loaded: the same config, weights by the same names, the same outputs', async () => {
    const model = models[name]!();
    sharpen(model);
    const artifacts = await saved(model);
    const before = tf.memory().numTensors;
    const loaded = await load(artifacts);
    expect(Object.keys(loaded.weights)).toEqual(Object.keys(model.weights));
    expect((await saved(loaded)).modelTopology).toEqual(artifacts.modelTopology);
    const x = sourcesOf(model);
    expect(await greedy(loaded, { x })).toEqual(await greedy(model, { x }));
    x.dispose();
    loaded.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

it('names weights by role, the same in every process', () => {
  expect(Object.keys(models['stack of ids, general attention']!().weights)).toEqual([
    ...['encoder/kernel', 'encoder/recurrent_kernel', 'encoder/bias'],
    ...['bridge/0/kernel', 'bridge/0/bias', 'bridge/1/kernel', 'bridge/1/bias'],
    ...['bridge/2/kernel', 'bridge/2/bias', 'bridge/3/kernel', 'bridge/3/bias'],
    ...['decoder/0/kernel', 'decoder/0/recurrent_kernel', 'decoder/0/bias'],
    ...['decoder/1/kernel', 'decoder/1/recurrent_kernel', 'decoder/1/bias'],
    ...['attention/W', 'combine/kernel', 'combine/bias', 'head/kernel', 'head/bias'],
  ]);
});

it('starts alike with the same seed, and otherwise with another', async () => {
  const make = (seed: number) =>
    seq2seq({
      ...{ source: { symbols: 4, width: 3 }, target: { symbols: 4, width: 3, end: 0 }, seed },
      encoder: gru({ units: 3, seed: 1 }),
      decoder: gru({ units: 3, seed: 2 }),
    });
  const values = async (seed: number) => [...(await make(seed).weights['head/kernel']!.data())];
  expect(await values(1)).toEqual(await values(1));
  expect(await values(1)).not.toEqual(await values(2));
});

it('says what is wrong, and loses nothing', async () => {
  const model = models['gru, dot attention']!();
  const artifacts = await saved(model);
  const before = tf.memory().numTensors;
  await expect(load({ ...artifacts, modelTopology: { class_name: 'Sequential' } })).rejects.toThrow(
    /GW_SEQ2SEQ_SAVED/,
  );
  const weightSpecs = artifacts.weightSpecs!.slice(0, -1);
  await expect(load({ ...artifacts, weightSpecs })).rejects.toThrow(/GW_SEQ2SEQ_WEIGHTS.*head\/bias/);
  await expect(saveSeq2Seq(model, { load: async () => artifacts })).rejects.toThrow(/GW_SEQ2SEQ_SAVED/);
  expect(tf.memory().numTensors).toBe(before);
  const [name] = Object.keys(model.weights);
  const was = await model.weights[name!]!.data();
  expect(() => setWeights(model, { [name!]: tf.zeros([1]) })).toThrow(/GW_SEQ2SEQ_WEIGHTS/);
  expect(await model.weights[name!]!.data()).toEqual(was);
});
