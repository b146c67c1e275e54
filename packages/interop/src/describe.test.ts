import { useBackend } from '@gatewise/backends';
import { bidirectional, lstmOriginal, recurrent, stack } from '@gatewise/layers';
import { readSafetensors } from '@gatewise/safetensors';
import * as tf from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import { beforeAll, expect, it } from 'vitest';
import { build } from './build.js';
import { describe as describeModel } from './describe.js';
import { readModel } from './load.js';
import type { RecurrentSpec } from './model.js';
import { writeTorch } from './torch/write.js';

beforeAll(async () => void (await useBackend('cpu')));

const x = () => tf.randomNormal([2, 5, 3], 0, 1, 'float32', 7);

/** The same outputs of two models, bit for bit. */
async function same(a: ReturnType<typeof sequential>, b: ReturnType<typeof build>): Promise<void> {
  const input = x();
  const [y, z] = [a.predict(input) as tf.Tensor, b.predict(input) as tf.Tensor];
  expect(await z.data()).toEqual(await y.data());
  tf.dispose([input, y, z]);
}

it.each([
  ['one module of PyTorch', 4, 2],
  ['two modules of PyTorch, its levels being unlike,', 3, 3],
])('a stack goes out as %s and comes back with the same outputs, bit for bit', async (_, units, modules) => {
  const model = sequential({
    layers: [
      stack({
        name: 'rnn',
        levels: [
          { cell: 'gru-reset-after', units: 4, merge: 'concat' },
          { cell: 'gru-reset-after', units, merge: 'concat' },
        ],
        returnSequences: true,
        inputShape: [null, 3],
      }),
      layers.dense({ name: 'head', units: 2 }),
    ],
  });
  const spec = await describeModel(model);
  expect(spec.layers.map(({ name }) => name)).toEqual(['rnn_l0', 'rnn_l1', 'head']);
  const file = writeTorch(spec);
  const { metadata } = readSafetensors(file);
  expect(metadata.get('modules')!.split('\n')).toHaveLength(modules);
  const again = await readModel(file);
  expect(again.layers.map(({ name }) => name)).toEqual(['rnn_l0', 'rnn_l1', 'head']);
  const copy = build(again);
  await same(model, copy);
  copy.dispose();
  model.dispose();
});

it('layers of this project and of tf.layers, peepholes and learned states too', async () => {
  const model = sequential({
    layers: [
      layers.masking({ maskValue: 9, inputShape: [5, 3] }),
      recurrent({ cell: 'vanilla', units: 3, returnSequences: true, learnedState: true, padding: 'hold' }),
      bidirectional({ cell: 'lstm', units: 2, merge: 'average', returnSequences: true, useBias: false }),
      layers.lstm({ units: 3, returnSequences: true }),
      layers.bidirectional({
        layer: layers.gru({ units: 2, recurrentActivation: 'sigmoid' }) as never,
        mergeMode: 'sum',
      }),
      layers.dense({ units: 2, activation: 'softmax' }),
    ],
  });
  const spec = await describeModel(model);
  const cells = spec.layers.filter((layer) => layer.kind === 'recurrent').map(({ cell }) => cell);
  expect(cells).toMatchObject([
    { kind: 'rnn' },
    { kind: 'lstm', gates: 'sigmoid' },
    { kind: 'lstm', gates: 'hard-sigmoid' },
    { kind: 'gru', resetAfter: false, gates: 'sigmoid' },
  ]);
  expect((spec.layers[1] as RecurrentSpec).directions[0]!.initial).toEqual({
    h: { shape: [3], data: new Float32Array(3) },
  });
  const copy = build(spec);
  const input = x();
  const [y, z] = [model.predict(input) as tf.Tensor, copy.predict(input) as tf.Tensor];
  const [wanted, got] = [await y.data(), await z.data()];
  for (const [i, v] of wanted.entries()) expect(got[i]).toBeCloseTo(v, 6);
  tf.dispose([input, y, z]);
  copy.dispose();
  model.dispose();
});

it('a cell that is only here keeps its name; zoneout and residual connections are refused by name', async () => {
  const only = sequential({ layers: [lstmOriginal({ units: 2, inputShape: [5, 3] })] });
  const spec = await describeModel(only);
  expect((spec.layers[0] as RecurrentSpec).cell).toEqual({ kind: 'own', name: 'lstm-original' });
  const copy = build(spec);
  await same(only, copy);
  copy.dispose();
  only.dispose();
  const zoned = sequential({
    layers: [recurrent({ name: 'z', cell: 'lstm', units: 2, zoneout: 0.1, inputShape: [5, 3] })],
  });
  await expect(describeModel(zoned)).rejects.toThrow(/GW_EXPORT_UNSUPPORTED: layer "z": got zoneout/);
  zoned.dispose();
  const residual = sequential({
    layers: [stack({ name: 'r', cell: 'lstm', units: 3, depth: 2, residual: true, inputShape: [5, 3] })],
  });
  await expect(describeModel(residual)).rejects.toThrow(/GW_EXPORT_UNSUPPORTED: layer "r": got residual/);
  residual.dispose();
});
