import '@tensorflow/tfjs';
import { gruHardSigmoid, lstmHardSigmoid } from '@gatewise/cell-hard-sigmoid';
import { irnn } from '@gatewise/cell-irnn';
import { recurrent } from '@gatewise/layers';
import * as tf from '@tensorflow/tfjs-core';
import { input, type LayersModel, layers, loadLayersModel, model, sequential } from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { dropIn } from './drop-in.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});
type Symbolic = ReturnType<typeof input>;
type Layer = Parameters<ReturnType<typeof sequential>['add']>[0];
const [B, T, I, H] = [3, 5, 4, 3];
const cells = [lstmHardSigmoid, gruHardSigmoid, irnn] as never[];
const x = tf.randomNormal([B, T, I], 0, 1, 'float32', 1);
const padded = tf.mul(x, tf.tensor([1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0], [B, T, 1]));

/** Weights that are seeded and not near 0, biases too. */
function seeded<M extends LayersModel>(net: M): M {
  net.weights.forEach((w, n) => {
    w.write(tf.randomNormal(w.shape as number[], 0, 0.7, 'float32', n + 1));
  });
  return net;
}
const list = (out: unknown) => (Array.isArray(out) ? out : [out]) as tf.Tensor[];
const close = (a: tf.Tensor, b: tf.Tensor, within = 1e-5) => {
  expect(a.shape).toEqual(b.shape);
  expect(tf.max(tf.abs(tf.sub(a, b))).arraySync() as number).toBeLessThan(within);
};
/** Equal outputs; equal gradients by x; and no recurrent layer of tf.layers is left. */
function same(net: LayersModel, ours: LayersModel, ...inputs: tf.Tensor[]): void {
  const run = (m: LayersModel, all: tf.Tensor[]) => list(m.apply(all.length === 1 ? all[0]! : all));
  const [a, b] = [run(net, inputs), run(ours, inputs)];
  expect(a.length).toBe(b.length);
  a.forEach((t, k) => {
    expect(tf.max(tf.abs(t)).arraySync() as number).toBeGreaterThan(1e-3);
    close(t, b[k]!);
  });
  const loss =
    (m: LayersModel) =>
    (...all: tf.Tensor[]) =>
      run(m, all).reduce((sum, t) => tf.add(sum, tf.sum(tf.square(t))) as tf.Scalar, tf.scalar(0));
  const [da, db] = [tf.grads(loss(net))(inputs), tf.grads(loss(ours))(inputs)];
  da.forEach((d, k) => {
    close(d, db[k]!, 1e-5 * Math.max(1, tf.max(tf.abs(d)).arraySync() as number));
  });
  expect(ours.layers.map((l) => l.name)).toEqual(net.layers.map((l) => l.name));
  for (const layer of ours.layers) {
    expect(['LSTM', 'GRU', 'SimpleRNN', 'RNN', 'Bidirectional']).not.toContain(layer.getClassName());
  }
}

const makers = { lstm: layers.lstm, gru: layers.gru } as const;
describe.each(['lstm', 'gru'] as const)('%s', (kind) => {
  const make = makers[kind];
  const one = (config: object) =>
    seeded(sequential({ layers: [make({ units: H, inputShape: [T, I], ...config })] }));
  it.each<[string, object]>([
    ['as it is by default', {}],
    ['sigmoid', { recurrentActivation: 'sigmoid' }],
    ['sequences', { returnSequences: true }],
    ['no bias', { useBias: false }],
    ['backwards', { goBackwards: true }],
    ['dropout, at inference', { dropout: 0.3, recurrentDropout: 0.2 }],
  ])('%s', (_, config) => {
    const net = one(config);
    same(net, dropIn(net, { cells }), x);
  });

  it('returned and given states; tf.layers runs those outside of a model only', () => {
    const states = kind === 'lstm' ? 2 : 1;
    const inputs = [input({ shape: [T, I] }), ...Array.from({ length: states }, () => input({ shape: [H] }))];
    const layer = make({ units: H, returnState: true });
    const net = seeded(model({ inputs, outputs: layer.apply(inputs) as Symbolic[] }));
    const given = Array.from({ length: states }, (_, k) => tf.randomNormal([B, H], 0, 1, 'float32', k + 5));
    const said = vi.spyOn(console, 'warn').mockReturnValue();
    const ours = list(dropIn(net, { cells }).apply([x, ...given]));
    said.mockRestore();
    list(layer.apply(x, { initialState: given })).forEach((t, k) => {
      close(t, ours[k]!);
    });
  });

  it('the gradients of its weights are those of ours, in our order', () => {
    const net = one({ recurrentActivation: 'sigmoid' });
    const ours = dropIn(net);
    const gradients = (m: LayersModel) => {
      const { grads } = tf.variableGrads(() => tf.sum(tf.square(m.apply(x) as tf.Tensor)));
      return m.weights.map((w) => grads[(w.read() as tf.Variable).name]!);
    };
    const [a, b] = [gradients(net), gradients(ours)];
    a.forEach((g, k) => {
      const blocks = tf.split(g, g.shape.at(-1)! / H, -1);
      // z has the other sign
      if (kind === 'gru') blocks[0] = tf.neg(blocks[0]!);
      close(tf.concat(blocks, -1), b[k]!);
    });
  });
});

describe('simpleRNN', () => {
  it.each(['tanh', 'relu'] as const)('%s', (activation) => {
    const layer = layers.simpleRNN({ units: H, activation, inputShape: [T, I], returnSequences: true });
    const net = seeded(sequential({ layers: [layer] }));
    same(net, dropIn(net, { cells }), x);
  });
});

describe('masks, directions, stacks, nested models', () => {
  const lstm = (config: object = {}) => layers.lstm({ units: H, ...config });
  it('masking holds the state and the output', () => {
    const net = seeded(
      sequential({
        layers: [
          layers.masking({ inputShape: [T, I] }),
          lstm({ returnSequences: true }),
          layers.gru({ units: 2 }),
        ],
      }),
    );
    const ours = dropIn(net, { cells });
    close(ours.apply(padded) as tf.Tensor, net.apply(padded) as tf.Tensor);
    const steps = (m: LayersModel) =>
      model({ inputs: m.inputs, outputs: m.layers[1]!.output as Symbolic }).apply(padded) as tf.Tensor;
    close(steps(ours), steps(net));
  });

  it('an embedding with maskZero', () => {
    const embedding = layers.embedding({ inputDim: 6, outputDim: I, maskZero: true, inputLength: T });
    const net = seeded(sequential({ layers: [embedding, lstm(), layers.dense({ units: 2 })] }));
    const ids = tf.tensor2d([1, 2, 3, 4, 5, 5, 4, 0, 0, 0, 2, 2, 2, 2, 0], [B, T]);
    close(dropIn(net, { cells }).apply(ids) as tf.Tensor, net.apply(ids) as tf.Tensor);
  });

  it.each(['concat', 'sum', 'ave', 'mul', null] as const)('bidirectional, merged by %s', (mergeMode) => {
    for (const returnSequences of [true, false]) {
      const both = layers.bidirectional({
        layer: layers.gru({ units: H, returnSequences }) as never,
        mergeMode: mergeMode as never,
      });
      const x0 = input({ shape: [T, I] });
      const net = seeded(model({ inputs: x0, outputs: both.apply(x0) as Symbolic }));
      same(net, dropIn(net, { cells }), x);
    }
  });

  it('stacked cells', () => {
    const cell = layers.stackedRNNCells({
      cells: [
        layers.lstmCell({ units: H }),
        layers.gruCell({ units: 2 }),
        layers.simpleRNNCell({ units: 4 }),
      ],
    });
    const net = seeded(
      sequential({ layers: [layers.rnn({ cell, returnSequences: true, inputShape: [T, I] })] }),
    );
    same(net, dropIn(net, { cells }), x);
  });

  it('a model in a model, a layer used twice, layers that stay', () => {
    const inner = sequential({
      name: 'inner',
      layers: [lstm({ name: 'one', inputShape: [T, I], returnSequences: true }), layers.dense({ units: I })],
    });
    const [a, b] = [input({ shape: [T, I] }), input({ shape: [T, I] })];
    const shared = layers.gru({ units: H, name: 'shared' });
    const outputs = [
      shared.apply(inner.apply(a)),
      shared.apply(b),
      lstm({ name: 'kept' }).apply(b),
    ] as Symbolic[];
    const net = seeded(model({ inputs: [a, b], outputs }));
    const ours = dropIn(net, { cells, leave: ['kept'] });
    const [mine, theirs] = [list(ours.apply([x, tf.neg(x)])), list(net.apply([x, tf.neg(x)]))];
    mine.forEach((t, k) => {
      close(t, theirs[k]!);
    });
    const class_ = (name: string) => ours.getLayer(name).getClassName();
    expect([class_('shared'), class_('kept'), class_('inner')]).toEqual([
      'GatewiseRecurrent',
      'LSTM',
      'Sequential',
    ]);
    expect((ours.getLayer('inner') as unknown as LayersModel).layers[0]!.getClassName()).toBe(
      'GatewiseRecurrent',
    );
  });

  it('the copy learns, freezes what was frozen, is saved and loaded; the given model stays', async () => {
    const net = seeded(
      sequential({ layers: [lstm({ inputShape: [T, I], trainable: false }), layers.dense({ units: 1 })] }),
    );
    const before = (net.apply(x) as tf.Tensor).arraySync();
    const ours = dropIn(net, { cells });
    const frozen = ours.layers[0]!.getWeights()[0]!.arraySync();
    ours.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    await ours.fit(x, tf.ones([B, 1]), { epochs: 2, verbose: 0 });
    expect(ours.layers[0]!.getWeights()[0]!.arraySync()).toEqual(frozen);
    expect((ours.apply(x) as tf.Tensor).arraySync()).not.toEqual(before);
    expect((net.apply(x) as tf.Tensor).arraySync()).toEqual(before);
    let saved: tf.io.ModelArtifacts | undefined;
    await ours.save(
      tf.io.withSaveHandler(async (artifacts) => {
        saved = artifacts;
        return {} as tf.io.SaveResult;
      }),
    );
    const again = await loadLayersModel(tf.io.fromMemory(saved!));
    close(again.apply(x) as tf.Tensor, ours.apply(x) as tf.Tensor, 1e-9);
  });

  it('ours stay ours, and nothing leaks but the copy', () => {
    const net = sequential({
      layers: [recurrent({ cell: 'gru', units: 2, inputShape: [T, I] }), layers.dense({ units: 1 })],
    });
    const before = tf.memory().numTensors;
    const copy = dropIn(net);
    expect(tf.memory().numTensors).toBe(before + net.weights.length);
    close(copy.apply(x) as tf.Tensor, net.apply(x) as tf.Tensor, 1e-9);
  });
});

describe('refused, with the name of the layer', () => {
  const of = (layer: Layer) => () => dropIn(sequential({ layers: [layer] }), { cells });
  const shape = { units: 2, inputShape: [T, I], name: 'odd' };
  it.each<[RegExp, () => unknown]>([
    [
      /GW_DROPIN_OPTION: layer "odd": got stateful/,
      of(layers.lstm({ ...shape, stateful: true, batchInputShape: [1, T, I] })),
    ],
    [
      /GW_DROPIN_OPTION: layer "odd": got goBackwards with returnSequences/,
      of(layers.lstm({ ...shape, goBackwards: true, returnSequences: true })),
    ],
    [
      /GW_DROPIN_OPTION: layer "odd": got kernelRegularizer/,
      of(layers.gru({ ...shape, kernelRegularizer: 'l1l2' })),
    ],
    [
      /GW_DROPIN_OPTION: layer "odd": got biasConstraint/,
      of(layers.gru({ ...shape, biasConstraint: 'nonNeg' })),
    ],
    [
      /GW_DROPIN_CELL: layer "odd": got LSTM with activation "relu"/,
      of(layers.lstm({ ...shape, activation: 'relu' })),
    ],
    [
      /GW_DROPIN_CELL: layer "odd": got SimpleRNN with activation "softsign"/,
      of(layers.simpleRNN({ ...shape, activation: 'softsign' })),
    ],
    [
      /GW_DROPIN_WRAPPER: layer "wrap"/,
      () => {
        const layer = layers.timeDistributed({
          layer: layers.lstm({ units: 2 }),
          name: 'wrap',
          inputShape: [2, T, I],
        });
        return dropIn(sequential({ layers: [layer] }), { cells });
      },
    ],
    [/GW_DROPIN_MODEL/, () => dropIn(sequential())],
  ])('%s', (error, body) => {
    expect(body).toThrow(error);
  });

  it('the default gates, where no cell for them is known, with what to give', async () => {
    const { cellFor } = await import('./cell.js');
    const step = { kind: 'LSTM', activation: 'tanh', recurrentActivation: 'sigmoid' } as const;
    expect(cellFor(step, [])?.name).toBe('lstm');
    // a cell of the right names that computes something else is not taken
    expect(cellFor({ ...step, recurrentActivation: 'hardSigmoid' }, [])?.name).not.toBe('lstm');
    expect(cellFor({ ...step, kind: 'GRU', recurrentActivation: 'sigmoid' }, cells)?.name).toBe('gru');
  });
});
