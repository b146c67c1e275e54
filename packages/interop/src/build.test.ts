import { useBackend } from '@gatewise/backends';
import { random } from '@gatewise/core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { build } from './build.js';
import type { Direction, ModelSpec, RecurrentSpec, Values } from './model.js';

beforeAll(async () => void (await useBackend('cpu')));

const source = random(7);
const draw = (...shape: number[]): Values => ({
  shape,
  data: Float32Array.from({ length: shape.reduce((n, m) => n * m, 1) }, () => source.uniform() - 0.5),
});
const direction = (I: number, H: number, G: number, reverse = false): Direction => ({
  reverse,
  W: draw(I, G * H),
  R: draw(H, G * H),
  bias: { input: draw(G * H), recurrent: draw(G * H) },
});
const lstm: RecurrentSpec = {
  kind: 'recurrent',
  name: 'memory',
  cell: { kind: 'lstm', gates: 'sigmoid', activation: 'tanh', output: 'tanh', peepholes: false },
  units: 3,
  directions: [direction(4, 3, 4), direction(4, 3, 4, true)],
  merge: 'concat',
  output: 'sequence',
  padding: 'zeros',
};
const gru: RecurrentSpec = {
  ...lstm,
  name: 'gru',
  cell: { kind: 'gru', resetAfter: true, gates: 'sigmoid', activation: 'tanh' },
  units: 2,
  directions: [direction(6, 2, 3)],
  output: 'last',
};
const spec: ModelSpec = {
  name: 'net',
  format: 'test',
  input: { kind: 'ids', steps: null, size: 5 },
  layers: [
    { kind: 'embedding', name: 'ids', table: draw(5, 4), maskZero: true },
    lstm,
    { kind: 'dropout', name: 'drop', rate: 0.5 },
    gru,
    { kind: 'dense', name: 'head', W: draw(2, 3), bias: draw(3), activation: 'softmax' },
  ],
  outputs: [],
  notes: [],
};

it('makes a model whose layers have the weights of the description', async () => {
  const before = tf.memory().numTensors;
  const model = build(spec);
  const [W, R, b] = model.getLayer('gru').getWeights();
  expect(Array.from(await W!.data())).toEqual(Array.from(gru.directions[0]!.W.data));
  expect(R!.shape).toEqual([2, 6]);
  const { input, recurrent } = gru.directions[0]!.bias!;
  const sum = (i: number) => Math.fround(input.data[i]! + recurrent!.data[i]!);
  const wanted = [0, 1, 2, 3].map(sum).concat(...input.data.subarray(4), ...recurrent!.data.subarray(4));
  expect(Array.from(await b!.data())).toEqual(wanted);
  const y = model.predict(tf.tensor2d([[1, 2, 0]], [1, 3], 'int32')) as tf.Tensor;
  expect(y.shape).toEqual([1, 3]);
  y.dispose();
  model.dispose();
  expect(tf.memory().numTensors).toBeLessThanOrEqual(before + 1); // the input of predict
});

it('refuses a different initial state a row, by the name of the layer', () => {
  const initial = { h: draw(3, 2) };
  const layers = [{ ...gru, directions: [{ ...gru.directions[0]!, initial }] }];
  const one: ModelSpec = { ...spec, input: { kind: 'features', steps: 5, width: 6 }, layers };
  expect(() => build(one)).toThrow(/GW_IMPORT_UNSUPPORTED: layer "gru": got 3 different rows/);
});
