import '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { input, layers, loadLayersModel, model, sequential } from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { lstm } from './recurrent.js';
import type { RecurrentLayer } from './recurrent-layer.js';
import { bidirectional, stack } from './stack.js';
import type { Merge } from './stack-config.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});
type Symbolic = ReturnType<typeof input>;
const [B, T, I, H] = [3, 5, 2, 4];
const x = tf.randomNormal([B, T, I], 0, 1, 'float32', 1);
const lengths = [5, 2, 0];
const arrays = (t: tf.Tensor | tf.Tensor[]) =>
  Array.isArray(t) ? t.map((u) => u.arraySync()) : t.arraySync();
const near = (a: tf.Tensor, b: tf.Tensor) =>
  expect(tf.tidy(() => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0]!)).toBeLessThan(1e-6);

/** The weights of some layers, one after the other. */
function withWeights(...parts: { layer: RecurrentLayer; x: tf.Tensor }[]) {
  return parts.flatMap(({ layer, x: input }) => {
    tf.dispose(layer.apply(input) as tf.Tensor);
    return layer.getWeights();
  });
}

const ways: Record<Merge, (f: tf.Tensor, b: tf.Tensor) => tf.Tensor[]> = {
  concat: (f, b) => [tf.concat([f, b], -1)],
  sum: (f, b) => [tf.add(f, b)],
  average: (f, b) => [tf.div(tf.add(f, b), 2)],
  product: (f, b) => [tf.mul(f, b)],
  none: (f, b) => [f, b],
};

describe.each(Object.keys(ways) as Merge[])('bidirectional, %s', (merge) => {
  it.each([true, false])('is both directions of one layer, returnSequences %s', (returnSequences) => {
    const options = { units: H, returnSequences, returnState: true };
    const [f, b] = [lstm({ ...options, seed: 1 }), lstm({ ...options, seed: 2, reverse: true })];
    const weights = withWeights({ layer: f, x }, { layer: b, x });
    const both = bidirectional({ cell: 'lstm', merge, ...options, weights });
    const got = both.apply(x, { lengths }) as tf.Tensor[];
    const [yf, ...sf] = f.apply(x, { lengths }) as tf.Tensor[];
    const [yb, ...sb] = b.apply(x, { lengths }) as tf.Tensor[];
    const wanted = [...ways[merge](yf!, yb!), ...sf, ...sb];
    expect(got.map((t) => t.shape)).toEqual(wanted.map((t) => t.shape));
    got.forEach((t, k) => {
      near(t, wanted[k]!);
    });
    const symbolic = bidirectional({ cell: 'lstm', merge, ...options }).apply(input({ shape: [null, I] }));
    expect((symbolic as Symbolic[]).map((s) => s.shape.slice(1).at(-1))).toEqual(
      wanted.map((t) => t.shape.at(-1)),
    );
  });
});

describe('stack', () => {
  it('is its levels one over the other, with residuals', () => {
    const level = { cell: 'lstm', units: H };
    const parts = [0, 1, 2].map((l) => lstm({ units: H, seed: l + 1, returnSequences: true }));
    const inputs = [x, tf.zeros([B, T, H]), tf.zeros([B, T, H])];
    const weights = withWeights(...parts.map((layer, l) => ({ layer, x: inputs[l]! })));
    for (const residual of [false, true]) {
      const tall = stack({ levels: [level, level, level], residual, returnSequences: true, weights });
      const flat = stack({ levels: [level, level, level], residual, weights });
      let y = parts[0]!.apply(x, { lengths }) as tf.Tensor;
      for (const layer of parts.slice(1)) {
        const next = layer.apply(y, { lengths }) as tf.Tensor;
        y = residual ? tf.add(next, y) : next;
      }
      near(tall.apply(x, { lengths }) as tf.Tensor, y);
      const last = flat.apply(x, { lengths }) as tf.Tensor2D;
      near(tf.slice(last, [0, 0], [1, H]), tf.reshape(tf.slice(y, [0, T - 1, 0], [1, 1, H]), [1, H]));
      near(tf.slice(last, [1, 0], [1, H]), tf.reshape(tf.slice(y, [1, 1, 0], [1, 1, H]), [1, H]));
      expect(last.arraySync()[2]).toEqual(Array(H).fill(0));
    }
  });

  it('takes and gives states by level, direction and state, and all of them at every step', () => {
    const layer = stack({
      levels: [
        { cell: 'lstm', units: H, merge: 'sum', seed: 1 },
        { cell: 'gru', units: 3, seed: 2 },
      ],
      returnState: true,
      returnStateSequences: true,
    });
    expect(layer.states.map(({ name }) => name)).toEqual([
      '0/forward/h',
      '0/forward/c',
      '0/backward/h',
      '0/backward/c',
      '1/h',
    ]);
    const states = layer.states.map(({ units }, k) => tf.fill([B, units], (k + 1) / 10));
    const out = layer.apply(x, { initialState: states, lengths }) as tf.Tensor[];
    expect(out.map((t) => t.shape.length)).toEqual([2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3]);
    // the row of length 0 ends as it began
    out.slice(1, 6).forEach((t, k) => {
      expect((arrays(t) as number[][])[2]).toEqual((arrays(states[k]!) as number[][])[2]);
    });
    expect(() => layer.apply([x, states[0]!])).toThrow(/GW_LAYER_SHAPE: .* got 1 initial states, wanted 5/);
    // δ of an initial state reaches through all levels
    const d = tf.grad((h) => tf.sum((layer.apply([x, h, ...states.slice(1)]) as tf.Tensor[])[0]!))(
      states[0]!,
    );
    expect(tf.max(tf.abs(d)).dataSync()[0]).toBeGreaterThan(0);
  });

  it('drops between levels in training only, seeded by step', () => {
    const config = { cell: 'vanilla', units: H, depth: 2, betweenDropout: 0.5, seed: 1, name: 'tower' };
    const [a, b] = [stack(config), stack(config)];
    const calm = arrays(a.apply(x) as tf.Tensor);
    const first = arrays(a.apply(x, { training: true }) as tf.Tensor);
    expect(first).not.toEqual(calm);
    expect(arrays(a.apply(x, { training: true }) as tf.Tensor)).not.toEqual(first);
    expect(arrays(b.apply(x) as tf.Tensor)).toEqual(calm);
    expect(arrays(b.apply(x, { training: true }) as tf.Tensor)).toEqual(first);
  });

  it('takes ids below, masks from an embedding, and trains', async () => {
    const ids = tf.tensor2d([1, 2, 3, 2, 0, 0], [2, 3], 'int32');
    const net = sequential();
    net.add(layers.embedding({ inputDim: 4, outputDim: 3, maskZero: true }));
    net.add(stack({ cell: 'gru', units: H, depth: 2, merge: 'concat', seed: 1 }));
    net.add(layers.dense({ units: 1 }));
    const short = net.predict(tf.tensor2d([2], [1, 1], 'int32')) as tf.Tensor2D;
    expect((net.predict(ids) as tf.Tensor2D).arraySync()[1]![0]).toBeCloseTo(short.arraySync()[0]![0]!, 6);
    net.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
    const { history } = await net.fit(ids, tf.tensor2d([[1], [-1]]), { epochs: 20, verbose: 0 });
    expect((history.loss as number[]).at(-1)!).toBeLessThan((history.loss as number[])[0]!);
    const direct = stack({ cell: 'gru', units: H, depth: 2, inputDim: 4, seed: 1 });
    expect((direct.apply(ids) as tf.Tensor).shape).toEqual([2, H]);
    for (const w of direct.weights) expect(w.trainable).toBe(true);
  });

  it('is saved and loaded with everything', async () => {
    const xi = input({ shape: [null, I] });
    const layer = stack({
      levels: [
        { cell: 'lstm', units: H, merge: 'average', seed: 5, zoneout: { c: 0.2 }, learnedState: true },
        {
          cell: 'gru-reset-after',
          units: H,
          padding: 'hold',
          recurrentInitializer: 'identity',
          dropConnect: 0.1,
        },
        { cell: 'vanilla', units: 3, merge: 'none' },
      ],
      returnSequences: true,
      returnState: true,
      betweenDropout: 0.3,
      name: 'tower_7',
    });
    const net = model({ inputs: xi, outputs: layer.apply(xi) as Symbolic[] });
    let saved: unknown;
    const keep = async (artifacts: tf.io.ModelArtifacts) => {
      saved = artifacts;
      return {} as tf.io.SaveResult;
    };
    await net.save(tf.io.withSaveHandler(keep));
    const loaded = await loadLayersModel(tf.io.fromMemory(structuredClone(saved) as tf.io.ModelArtifacts));
    expect(arrays(loaded.predict(x) as tf.Tensor[])).toEqual(arrays(net.predict(x) as tf.Tensor[]));
    expect(loaded.getLayer('tower_7').getConfig()).toEqual(layer.getConfig());
  });

  it('leaks nothing', () => {
    const layer = stack({ cell: 'lstm', units: H, depth: 2, merge: 'concat', betweenDropout: 0.2 });
    tf.dispose(layer.apply(x) as tf.Tensor);
    const before = tf.memory().numTensors;
    for (let n = 0; n < 3; n++) tf.dispose(layer.apply(x, { training: true, lengths }) as tf.Tensor);
    expect(tf.memory().numTensors).toBe(before);
    layer.dispose();
  });

  it.each<[object, RegExp]>([
    [{ levels: [] }, /GW_LAYER_STACK: got no levels/],
    [{ cell: 'gru', units: 3, depth: 0 }, /GW_LAYER_STACK/],
    [{ cell: 'gru', units: 3, depth: 2, deep: 1 }, /GW_LAYER_OPTION/],
    [{ levels: [{ cell: 'gru', units: 3, merge: 'add' }] }, /GW_LAYER_OPTION: got merge = add/],
    [{ levels: [{ cell: 'gru', units: 3, merge: 'sum', reverse: true }] }, /GW_LAYER_OPTION: got reverse/],
    [{ cell: 'gru', units: 3, depth: 2, merge: 'none' }, /GW_LAYER_STACK: got merge "none" in level 0/],
    [
      {
        levels: [
          { cell: 'gru', units: 3 },
          { cell: 'gru', units: 4 },
        ],
        residual: true,
      },
      /GW_LAYER_STACK: got an output of 4/,
    ],
    [
      {
        levels: [
          { cell: 'gru', units: 3 },
          { cell: 'gru', units: 4, inputDim: 3 },
        ],
      },
      /GW_LAYER_STACK: got inputDim/,
    ],
    [{ cell: 'gru', units: 3, depth: 1, betweenDropout: 1 }, /GW_LAYER_RATE/],
    [{ cell: 'gru', units: 3, depth: 1, levelz: 1 }, /GW_LAYER_OPTION/],
  ])('refuses %j', (config, message) => {
    expect(() => stack(config as never)).toThrow(message);
  });
});
