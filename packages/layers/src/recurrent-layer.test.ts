import '@tensorflow/tfjs';
import { defineCell } from '@gatewise/core';
import * as tf from '@tensorflow/tfjs-core';
import { input, layers, model, type Shape, sequential } from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { additive, gru, gruResetAfter, lstm, lstmOriginal, recurrent, vanilla } from './recurrent.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** h = tanh(a + p ⊗ h'): no recurrent product, one vector. */
const diagonal = defineCell({
  name: 'diagonal',
  state: ['h'],
  gates: ['h'],
  saved: ['h'],
  recurrent: [],
  vectors: ['p'],
  forward(a, s, w) {
    const h = a.h.add(w.p.mul(s.h)).tanh();
    return { next: { h }, saved: { h } };
  },
  backward(d, { h }, s, w) {
    const da = d.h.mul(h.mul(h).neg().add(1));
    return { gates: { h: da }, prev: { h: da.mul(w.p) }, vectors: { p: da.mul(s.h) } };
  },
});

const I = 3;
const H = 4;
const named = { vanilla, additive, lstmOriginal, lstm, gru, gruResetAfter };
type Name = keyof typeof named;

describe('weights', () => {
  it.each<[Name, number, number]>([
    ['vanilla', 1, 1],
    ['additive', 1, 1],
    ['lstmOriginal', 3, 3],
    ['lstm', 4, 4],
    ['gru', 3, 3],
    ['gruResetAfter', 3, 4],
  ])('%s has W [I, %i·H], R [H, …], b [%i·H], in that order', (name, products, gates) => {
    const layer = named[name]({ units: H });
    layer.apply(input({ shape: [null, I] }));
    expect(layer.weights.map((w) => [w.originalName.split('/').at(-1), w.shape])).toEqual([
      ['kernel', [I, products * H]],
      ['recurrent_kernel', [H, products * H]],
      ['bias', [gates * H]],
    ]);
    expect(layer.countParams()).toBe((I + H) * products * H + gates * H);
    expect(layer.getWeights().map((w) => w.shape)).toEqual(layer.weights.map((w) => w.shape));
    layer.dispose();
  });

  it('has no R where no gate reads it, no b without a bias, and the vectors by name', () => {
    const layer = recurrent({ cell: diagonal, units: H, useBias: false, inputShape: [null, I] });
    const net = sequential({ layers: [layer] });
    expect(layer.weights.map((w) => w.originalName.split('/').at(-1))).toEqual(['kernel', 'p']);
    expect(layer.countParams()).toBe(I * H + H);
    const y = net.predict(tf.ones([2, 5, I])) as tf.Tensor;
    expect(y.shape).toEqual([2, H]);
  });

  it('starts the forget bias at 1, all else at 0', async () => {
    const layer = lstm({ units: 2 });
    layer.apply(input({ shape: [null, I] }));
    expect([...(await layer.getWeights()[2]!.data())]).toEqual([0, 0, 1, 1, 0, 0, 0, 0]);
    const without = lstm({ units: 2, forgetBias: 0 });
    without.apply(input({ shape: [null, I] }));
    expect([...(await without.getWeights()[2]!.data())]).toEqual(Array(8).fill(0));
  });

  it('starts alike from one seed, otherwise from another or from another name', async () => {
    const start = async (config: { seed?: number; name?: string }) => {
      const layer = lstm({ units: H, ...config });
      layer.apply(input({ shape: [null, I] }));
      const [W, R] = layer.getWeights();
      return [...(await W!.data()), ...(await R!.data())];
    };
    expect(await start({ seed: 1 })).toEqual(await start({ seed: 1 }));
    expect(await start({ seed: 1 })).not.toEqual(await start({ seed: 2 }));
    expect(await start({ name: 'left' })).not.toEqual(await start({ name: 'right' }));
  });

  it('takes weights, as any layer does', async () => {
    const weights = [tf.ones([I, H]), tf.zeros([H, H]), tf.fill([H], 0.5)];
    const layer = vanilla({ units: H, weights });
    const y = layer.apply(tf.zeros([1, 1, I])) as tf.Tensor;
    expect((await y.data())[0]).toBeCloseTo(Math.tanh(0.5), 6);
    layer.dispose();
  });
});

describe('output shapes', () => {
  const x: Shape = [null, 5, I];
  it.each<[boolean, boolean, Shape | Shape[]]>([
    [false, false, [null, H]],
    [true, false, [null, 5, H]],
    [
      false,
      true,
      [
        [null, H],
        [null, H],
        [null, H],
      ],
    ],
    [
      true,
      true,
      [
        [null, 5, H],
        [null, H],
        [null, H],
      ],
    ],
  ])('returnSequences %s, returnState %s', (returnSequences, returnState, wanted) => {
    const layer = lstm({ units: H, returnSequences, returnState });
    expect(layer.computeOutputShape(x)).toEqual(wanted);
    const made = layer.apply(tf.zeros([2, 5, I])) as tf.Tensor | tf.Tensor[];
    const shapes = (Array.isArray(made) ? made : [made]).map((t) => [null, ...t.shape.slice(1)]);
    expect(shapes).toEqual(Array.isArray(made) ? wanted : [wanted]);
    layer.dispose();
  });

  it('shows the right counts in model.summary()', () => {
    const lines: string[] = [];
    const net = sequential();
    net.add(gruResetAfter({ units: H, inputShape: [null, I], returnSequences: true, name: 'first' }));
    net.add(lstm({ units: 2, name: 'second' }));
    net.add(layers.dense({ units: 1 }));
    net.summary(90, undefined, (line) => lines.push(line ?? ''));
    const text = lines.join('\n');
    expect(text).toMatch(/first \(GatewiseRecurrent\)\s+\[\[null,null,3\]\]\s+\[null,null,4\]\s+100/);
    expect(text).toMatch(/second \(GatewiseRecurrent\)\s+\[\[null,null,4\]\]\s+\[null,2\]\s+56/);
    expect(text).toContain('Total params: 159');
    net.dispose();
  });

  it('names itself after its cell', () => {
    expect(gruResetAfter({ units: 1 }).name).toMatch(/^gru_reset_after_\d+$/);
    expect(gru({ units: 1 }).name).not.toBe(gru({ units: 1 }).name);
  });
});

describe('the same numbers as tf.layers', () => {
  it('lstm with sigmoid gates, whose gate order is ours', async () => {
    const x = tf.randomNormal([2, 6, I], 0, 1, 'float32', 3);
    const ours = lstm({ units: H, returnSequences: true, seed: 1 });
    const y = ours.apply(x) as tf.Tensor;
    const theirs = layers.lstm({ units: H, returnSequences: true, recurrentActivation: 'sigmoid' });
    theirs.apply(x);
    theirs.setWeights(ours.getWeights());
    const wanted = theirs.apply(x) as tf.Tensor;
    expect(await tf.max(tf.abs(tf.sub(y, wanted))).data()).toSatisfy(([e]: Float32Array) => e! < 1e-6);
  });

  it('reverse is reversed input, with outputs put back in the order of the input', async () => {
    const x = tf.randomNormal([2, 6, I], 0, 1, 'float32', 3);
    const forth = gru({ units: H, returnSequences: true, returnState: true, seed: 1 });
    const back = gru({ units: H, returnSequences: true, returnState: true, seed: 1, reverse: true });
    const [y, h] = back.apply(x) as tf.Tensor[];
    const [yr, hr] = forth.apply(tf.reverse(x, 1)) as tf.Tensor[];
    expect(await y!.array()).toEqual(await tf.reverse(yr!, 1).array());
    expect(await h!.array()).toEqual(await hr!.array());
  });
});

describe('wrapped by timeDistributed of tf.layers', () => {
  it('runs every sequence of a sequence of sequences', async () => {
    const layer = gru({ units: H, seed: 1 });
    const net = sequential({
      layers: [layers.timeDistributed({ layer: layer as never, inputShape: [2, 5, I] })],
    });
    const x = tf.randomNormal([3, 2, 5, I], 0, 1, 'float32', 1) as tf.Tensor4D;
    const got = net.predict(x) as tf.Tensor;
    const wanted = layer.apply(tf.reshape(x, [6, 5, I])) as tf.Tensor;
    expect(await got.array()).toEqual(await tf.reshape(wanted, [3, 2, H]).array());
  });
});

describe('initial states', () => {
  const x = tf.ones([2, 5, I]);
  const h0 = tf.fill([2, H], 0.5);
  const c0 = tf.fill([2, H], -1);

  it('are further inputs or the option initialState', async () => {
    const layer = lstm({ units: H, seed: 1 });
    const listed = layer.apply([x, h0, c0]) as tf.Tensor;
    const named = layer.apply(x, { initialState: [h0, c0] }) as tf.Tensor;
    const without = layer.apply(x) as tf.Tensor;
    expect(await listed.array()).toEqual(await named.array());
    expect(await listed.array()).not.toEqual(await without.array());
  });

  it('carried from one half to the next give the whole', async () => {
    const layer = lstm({ units: H, returnSequences: true, returnState: true, seed: 1 });
    const data = tf.randomNormal([2, 6, I], 0, 1, 'float32', 1) as tf.Tensor3D;
    const [whole] = layer.apply(data) as tf.Tensor[];
    const [first, h, c] = layer.apply(tf.slice(data, [0, 0, 0], [2, 3, I])) as tf.Tensor[];
    const [second] = layer.apply([tf.slice(data, [0, 3, 0], [2, 3, I]), h!, c!]) as tf.Tensor[];
    expect(await tf.concat([first!, second!], 1).array()).toEqual(await whole!.array());
  });

  it('go through a functional model: [x, h0, c0] to [y, h, c]', async () => {
    const [xi, hi, ci] = [input({ shape: [null, I] }), input({ shape: [H] }), input({ shape: [H] })];
    const layer = lstm({ units: H, returnSequences: true, returnState: true, seed: 1 });
    const [yo, ho, co] = layer.apply(xi!, { initialState: [hi!, ci!] }) as (typeof xi)[];
    const net = model({ inputs: [xi!, hi!, ci!], outputs: [yo!, ho!, co!] });
    const got = net.predict([x, h0, c0]) as tf.Tensor[];
    const wanted = layer.apply([x, h0, c0]) as tf.Tensor[];
    expect(await Promise.all(got.map((t) => t.array()))).toEqual(
      await Promise.all(wanted.map((t) => t.array())),
    );
  });
});

describe('bad input', () => {
  const layer = lstm({ units: H, name: 'memory' });
  layer.apply(tf.zeros([2, 5, I]));
  it.each<[string, () => unknown, RegExp]>([
    [
      'rank',
      () => layer.apply(tf.zeros([2, I])),
      /GW_LAYER_SHAPE: layer "memory": got x \[2, 3\], wanted \[B, T, I\]/,
    ],
    ['features', () => layer.apply(tf.zeros([2, 5, 7])), /GW_LAYER_SHAPE: .*with 7 features, wanted the 3/],
    [
      'unknown features',
      () => lstm({ units: 1, inputShape: [null, null] }).apply(input({ shape: [null, null] })),
      /GW_LAYER_SHAPE: .*fix the number of features/,
    ],
    [
      'one state of two',
      () => layer.apply([tf.zeros([2, 5, I]), tf.zeros([2, H])]),
      /GW_LAYER_SHAPE: .*got 1 initial states, wanted 2: h \[B, 4\], c \[B, 4\]/,
    ],
    [
      'units of a state',
      () => layer.apply([tf.zeros([2, 5, I]), tf.zeros([2, H]), tf.zeros([2, 9])]),
      /GW_LAYER_SHAPE: .*initial state c \[2, 9\], wanted \[2, 4\]/,
    ],
    [
      'batch of a state',
      () => layer.apply([tf.zeros([2, 5, I]), tf.zeros([3, H]), tf.zeros([3, H])]),
      /GW_LAYER_SHAPE: .*initial state h \[3, 4\], wanted \[2, 4\]/,
    ],
    [
      'mask',
      () => layer.apply(tf.zeros([2, 5, I]), { mask: tf.ones([2, 4]) }),
      /GW_LAYER_SHAPE: .*got a mask \[2, 4\], wanted \[B, T\] = \[2, 5\]/,
    ],
    ['no steps', () => layer.apply(tf.zeros([2, 0, I])), /GW_OP_EMPTY/],
    ['no rows', () => layer.apply(tf.zeros([0, 5, I])), /GW_OP_EMPTY/],
    [
      'float features with inputDim',
      () => lstm({ units: 1, inputDim: 3 }).apply(tf.zeros([2, 5, 3])),
      /GW_LAYER_SHAPE: .*leave inputDim out/,
    ],
    [
      'bidirectional of tf.layers',
      () => layers.bidirectional({ layer: lstm({ units: 1 }) as never, mergeMode: 'concat' }),
      /GW_LAYER_OPTION: .*goBackwards.*use reverse/,
    ],
  ])('%s', (_, run, error) => {
    expect(run).toThrow(error);
  });

  it('leaves no tensor behind', () => {
    const x = tf.zeros([2, 5, 7]);
    const before = tf.memory().numTensors;
    expect(() => layer.apply(x)).toThrow();
    expect(tf.memory().numTensors).toBe(before);
    x.dispose();
  });
});
