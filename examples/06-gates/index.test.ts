import { lstm } from '@gatewise/cells';
import { recurrent } from '@gatewise/layers';
import { recurStates } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { tutorial } from './index.js';
import { correlation, gatesOver } from './reading.js';

it('gives the same figures again, and leaks nothing', async () => {
  const first = await tutorial.run('short');
  const before = tf.memory().numTensors;
  expect(await tutorial.run('short')).toEqual(first);
  expect(tf.memory().numTensors).toBe(before);
  // the table of the lecture: remember, add, erase, overwrite
  const wanted = [0.6, 0.9, 0, 0.3];
  first.forced.forEach(({ c }, n) => {
    expect(c).toBeCloseTo(wanted[n]!, 5);
  });
  const { text, units, gates } = first.shown;
  expect(text).toHaveLength(48);
  expect(gates.f).toHaveLength(48);
  for (const row of gates.f) expect(row).toHaveLength(units.length);
});

it('reads gates with which the memory goes on as it does', async () => {
  const layer = recurrent({ cell: 'lstm', units: 3, inputDim: 5, batchInputShape: [null, null], seed: 4 });
  const ids = Int32Array.from([0, 3, 1, 4, 4, 2]);
  tf.dispose(layer.apply(tf.tensor2d(ids, [1, 6], 'int32')) as tf.Tensor);
  const { i, f, o } = await gatesOver(layer, ids);
  const [W, R, b] = layer.getWeights() as tf.Tensor[];
  const x = tf.tensor2d(ids, [1, 6], 'int32');
  const { sequences } = recurStates(lstm, { x, W: W!, R: R!, b: b! });
  const [h, c] = (await Promise.all([sequences.h!.array(), sequences.c!.array()])) as number[][][][];
  for (let t = 1; t < 6; t++) {
    for (let j = 0; j < 3; j++) {
      // h = o ⊗ tanh(c), and g = (c − f c') / i is a tanh
      expect(h![0]![t]![j]).toBeCloseTo(o[t]![j]! * Math.tanh(c![0]![t]![j]!), 5);
      expect(Math.abs((c![0]![t]![j]! - f[t]![j]! * c![0]![t - 1]![j]!) / i[t]![j]!)).toBeLessThan(1);
    }
  }
});

it('correlates', () => {
  expect(correlation([1, 2, 3], [2, 4, 6])).toBeCloseTo(1, 12);
  expect(correlation([1, 2, 3], [3, 2, 1])).toBeCloseTo(-1, 12);
  expect(correlation([1, 1, 1], [3, 2, 1])).toBe(0);
});
