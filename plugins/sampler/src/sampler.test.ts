import '@tensorflow/tfjs';
import { random } from '@gatewise/core';
import { lstm } from '@gatewise/layers';
import { definePlugin, type Logger, type TextSample, type Texts, Tokens } from '@gatewise/plugin';
import { carried, train } from '@gatewise/trainer';
import * as tf from '@tensorflow/tfjs-core';
import { input, layers, model, type SymbolicTensor, sequential } from '@tensorflow/tfjs-layers';
import { Container } from 'inversify';
import { beforeAll, describe, expect, it } from 'vitest';
import { characters, sampler, type Write, writeText } from './index.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});
const letters = 'ab\n';
const vocabulary = {
  encode: (text: string) => [...text].map((c) => letters.indexOf(c)),
  decode: (ids: readonly number[]) => ids.map((id) => letters[id]).join(''),
};
const [V, H] = [3, 4];

function stateful() {
  const ids = input({ shape: [null], dtype: 'int32' });
  const states = ['h', 'c'].map(() => input({ shape: [H] }));
  const layer = lstm({ units: H, inputDim: V, returnSequences: true, returnState: true, seed: 1 });
  const [y, ...next] = layer.apply([ids, ...states]) as SymbolicTensor[];
  const head = layers.dense({ units: V, kernelInitializer: 'ones' });
  return model({ inputs: [ids, ...states], outputs: [head.apply(y!) as SymbolicTensor, ...next] });
}
const options = { prompt: 'ab', length: 30, temperature: 1 };

describe('writeText', () => {
  it('is the same for the same seed, begins with its prompt, and writes as long as asked', async () => {
    const network = stateful();
    const write = (seed: number) => writeText(network, vocabulary, options, random(seed));
    const text = await write(1);
    expect(text).toBe(await write(1));
    expect(text).not.toBe(await write(2));
    expect(text).toHaveLength(32);
    expect(text.slice(0, 2)).toBe('ab');
  });

  it('carries states, to the same text as a model that reads everything again', async () => {
    const network = stateful();
    const plain = sequential({
      layers: [
        lstm({ units: H, inputDim: V, inputShape: [null], returnSequences: true, seed: 1 }),
        layers.dense({ units: V }),
      ],
    });
    plain.setWeights(network.getWeights());
    const of = (net: Parameters<typeof writeText>[0]) => writeText(net, vocabulary, options, random(5));
    expect(await of(plain)).toBe(await of(network));
  });

  it('leaves no tensor behind, and refuses what cannot be', async () => {
    const network = stateful();
    await writeText(network, vocabulary, options, random(1));
    const before = tf.memory().numTensors;
    await writeText(network, vocabulary, options, random(1));
    const bad = { ...options, temperature: -1 };
    await expect(writeText(network, vocabulary, bad, random(1))).rejects.toThrow('GW_DRAW_OPTION');
    expect(tf.memory().numTensors).toBe(before);
    const empty = { ...options, prompt: '' };
    await expect(writeText(network, vocabulary, empty, random(1))).rejects.toThrow('GW_SAMPLER_PROMPT');
    const dense = sequential({ layers: [layers.dense({ units: 2, inputShape: [2] })] });
    await expect(writeText(dense, vocabulary, options, random(1))).rejects.toThrow(
      'GW_SAMPLER_MODEL: got an output [1,2] and 0 states',
    );
  });
});

async function run(write: (network: ReturnType<typeof stateful>) => Write, every?: number) {
  const network = stateful();
  const said: string[] = [];
  const logger: Logger = { info: (line) => said.push(line), warn: () => {} };
  const container = new Container();
  container.bind(Tokens.Logger).toConstantValue(logger);
  let seen: readonly TextSample[] = [];
  const reader = definePlugin(
    'reader',
    (_: object, texts: Texts) => ({
      onTrainEnd: () => {
        seen = texts.all;
      },
    }),
    [Tokens.Texts],
  );
  const batches = () => [{ x: tf.zeros([1, 4], 'int32'), y: tf.zeros([1, 4], 'int32') }];
  const optimizer = tf.train.sgd(0.1);
  await train(carried(network, { loss: 'softmaxCrossEntropy' }), batches, {
    ...{ epochs: 4, seed: 3, optimizer, container },
    plugins: [sampler({ write: write(network), every }), reader({})],
  });
  optimizer.dispose();
  return { said, seen };
}

describe('sampler', () => {
  it('hands on what the model writes after each epoch, seeded, and logs it in a line', async () => {
    const write = (model: ReturnType<typeof stateful>) => characters({ model, vocabulary, ...options });
    const { said, seen } = await run(write);
    expect(seen.map(({ name, step }) => `${name} ${step}`)).toEqual([
      'sample 1',
      'sample 2',
      'sample 3',
      'sample 4',
    ]);
    expect(said).toHaveLength(4);
    expect(said[0]).toMatch(/^sample, epoch 1: ab/);
    for (const line of said) expect(line).not.toContain('\n');
    expect((await run(write)).seen).toEqual(seen);
  });

  it('takes texts by name, every few epochs', async () => {
    const { seen } = await run(
      () =>
        async ({ epoch }) => ({ a: `one ${epoch}`, b: 'two' }),
      2,
    );
    expect(seen.map(({ name, step, text }) => [name, step, text])).toEqual([
      ['a', 2, 'one 1'],
      ['b', 2, 'two'],
      ['a', 4, 'one 3'],
      ['b', 4, 'two'],
    ]);
  });

  it('refuses bad options', () => {
    expect(() => sampler({ write: 'x' as never })).toThrow('GW_SAMPLER_OPTIONS: got write of type string');
    expect(() => sampler({ write: () => '', every: 0 })).toThrow('GW_SAMPLER_OPTIONS: got every 0');
  });
});
