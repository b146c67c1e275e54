import '@tensorflow/tfjs';
import { lstm, stack } from '@gatewise/layers';
import { type Batch, definePlugin, type Gradients, type PluginModule } from '@gatewise/plugin';
import { train } from '@gatewise/trainer';
import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, layers, sequential } from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { activation, temporal } from './activations.js';
import { activationPenalty, l1, l2, temporalPenalty } from './index.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});
const [B, T, I, H] = [2, 4, 2, 3];

const network = (returnSequences = true) =>
  sequential({
    layers: [
      lstm({ units: H, inputShape: [T, I], returnSequences, seed: 1, name: 'memory' }),
      layers.dense({ units: 1, name: 'head', kernelInitializer: 'ones' }),
    ],
  });
const wave = (...shape: number[]) =>
  tf.tensor(
    Float32Array.from({ length: tf.util.sizeFromShape(shape) }, (_, i) => Math.sin(3 * i + 1)),
    shape,
  );

/** The gradients of a step, and its loss as it is logged. */
async function step(model: LayersModel, plugins: PluginModule[], batch: Partial<Batch> = {}) {
  const seen: Record<string, number[]> = {};
  const read = definePlugin('read', () => ({
    order: 'post' as const,
    async beforeUpdate({ gradients }) {
      for (const [name, g] of Object.entries(gradients)) seen[name] = [...(await g.data())];
    },
  }));
  const [, outT] = model.outputShape as number[];
  const y = model.outputShape.length === 3 ? tf.zeros([B, outT ?? T, 1]) : tf.zeros([B, 1]);
  const optimizer = tf.train.sgd(0);
  const { history } = await train(model, [{ x: wave(B, T, I), y, ...batch }], {
    ...{ loss: 'meanSquaredError', epochs: 1, optimizer, plugins: [...plugins, read({})] },
  });
  optimizer.dispose();
  return { gradients: seen, loss: history[0]?.loss as number };
}

/** By tf.js' own autodiff of everything. */
function wanted(model: LayersModel, penalty: (y: tf.Tensor) => tf.Tensor): Gradients {
  const { grads } = tf.variableGrads(() => {
    const h = model.layers[0]!.apply(wave(B, T, I)) as tf.Tensor;
    const p = model.layers[1]!.apply(h) as tf.Tensor;
    return tf.add(tf.mean(tf.square(p)), penalty(h)) as tf.Scalar;
  });
  return Object.fromEntries(
    model.trainableWeights.map((w) => [w.originalName, grads[(w.read() as tf.Variable).name]!]),
  );
}
async function expectClose(got: Record<string, number[]>, want: Gradients) {
  expect(Object.keys(got)).toEqual(Object.keys(want));
  for (const [name, g] of Object.entries(want)) {
    for (const [i, v] of (await g.data()).entries()) expect(got[name]?.[i]).toBeCloseTo(v, 5);
  }
}

describe('l1 and l2', () => {
  it('add the gradient of their penalty, to weights of two axes', async () => {
    const model = network();
    const plain = await step(model, []);
    const { gradients, loss } = await step(model, [l2({ rate: 0.1 }), l1({ rate: 0.01 })]);
    expect(loss).toBe(plain.loss);
    for (const w of model.trainableWeights) {
      const values = await w.read().data();
      const extra = (v: number) => (w.shape.length >= 2 ? 0.2 * v + 0.01 * Math.sign(v) : 0);
      for (const [i, v] of values.entries()) {
        const before = plain.gradients[w.originalName]?.[i] as number;
        expect(gradients[w.originalName]?.[i]).toBeCloseTo(before + extra(v), 6);
      }
    }
  });

  it('work on the weights that are named, or asked for', async () => {
    const model = network();
    const { gradients: plain } = await step(model, []);
    for (const weights of [['head/bias', 'head/kernel'], (name: string) => name.startsWith('head/')]) {
      const { gradients } = await step(model, [l2({ rate: 1, weights })]);
      expect(gradients['memory/kernel']).toEqual(plain['memory/kernel']);
      expect(gradients['head/kernel']).toEqual(plain['head/kernel']?.map((v) => Math.fround(v + 2)));
    }
  });
});

describe('activation and temporal activation', () => {
  it('give the gradients of loss and penalty, by autodiff', async () => {
    const model = network();
    const plain = await step(model, []);
    const ar = await step(model, [activationPenalty({ rate: 2 })]);
    expect(ar.loss).toBe(plain.loss);
    await expectClose(
      ar.gradients,
      wanted(model, (h) => tf.mul(2, tf.mean(tf.square(h)))),
    );
    const change = (h: tf.Tensor) =>
      tf.sub(tf.slice(h, [0, 1, 0], [B, T - 1, H]), tf.slice(h, [0, 0, 0], [B, T - 1, H]));
    const tar = await step(model, [temporalPenalty({ rate: 3 })]);
    await expectClose(
      tar.gradients,
      wanted(model, (h) => tf.mul(3, tf.mean(tf.square(change(h))))),
    );
    const both = [activationPenalty({ rate: 2 }), temporalPenalty({ rate: 3 })];
    const sum = (h: tf.Tensor) =>
      tf.add(tf.mul(2, tf.mean(tf.square(h))), tf.mul(3, tf.mean(tf.square(change(h)))));
    await expectClose((await step(model, both)).gradients, wanted(model, sum));
  });

  it('see whole sequences where a layer gives its last output alone, and levels of a stack by name', async () => {
    const last = network(false);
    expect((await step(last, [temporalPenalty({ rate: 1 })])).gradients).not.toEqual(
      (await step(last, [])).gradients,
    );
    const names: string[] = [];
    const deep = sequential({
      layers: [
        stack({ cell: 'gru', units: 2, depth: 2, inputShape: [T, I], returnSequences: true, name: 'deep' }),
        layers.dense({ units: 1 }),
      ],
    });
    const spy = (name: string) => names.push(name) < 0;
    await step(deep, [activationPenalty({ rate: 1, layers: spy })]);
    expect(names).toHaveLength(2);
    for (const name of names) expect(name).toMatch(/^deep\//);
  });

  it('take dropped outputs for activations and whole ones for changes', async () => {
    const seen: (readonly [number, number])[] = [];
    const spy = definePlugin('spy', () => ({
      providePenalty(_, { y, dropped }) {
        const zeros = (t: tf.Tensor) => t.dataSync().filter((v) => v === 0).length;
        seen.push([zeros(y), zeros(dropped)]);
        return undefined;
      },
    }));
    const drop = definePlugin('drop', () => ({ provideRegularisers: () => ({ outputDropout: 0.5 }) }));
    await step(network(), [drop({}), spy({})]);
    expect(seen[0]?.[0]).toBe(0);
    expect(seen[0]?.[1]).toBeGreaterThan(0);
  });

  it('do not count padding', async () => {
    const y = tf.tensor3d([[[1], [3], [Number.NaN]]]);
    const mask = tf.tensor2d([[1, 1, 0]], [1, 3], 'bool');
    expect(activation({ y, dropped: y, mask }, 1).dataSync()[0]).toBe(5);
    expect(temporal({ y, dropped: y, mask }, 1)?.dataSync()[0]).toBe(4);
    expect(temporal({ y: tf.ones([2, 1, 1]), dropped: tf.ones([2, 1, 1]) }, 1)).toBeUndefined();
    const lengths = [2, 4];
    const { gradients } = await step(network(), [temporalPenalty({ rate: 1 })], { lengths });
    expect(Object.values(gradients).flat().every(Number.isFinite)).toBe(true);
  });

  it('leave no tensor behind', async () => {
    const model = network();
    const run = () =>
      step(model, [
        l1({ rate: 1 }),
        l2({ rate: 1 }),
        activationPenalty({ rate: 1 }),
        temporalPenalty({ rate: 1 }),
      ]);
    await run();
    const before = tf.memory().numTensors;
    await run();
    expect(tf.memory().numTensors).toBe(before);
  });
});

it.each([l1, l2, activationPenalty, temporalPenalty])('%# refuses a rate of 0', (make) => {
  expect(() => make({ rate: 0 })).toThrow(
    'GW_REGULARISE_OPTIONS: got rate 0, wanted a finite number above 0',
  );
});
