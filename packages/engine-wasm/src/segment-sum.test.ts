import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadWasm } from './index.js';

describe('UnsortedSegmentSum on wasm', () => {
  beforeAll(async () => {
    const dist = dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm'));
    setWasmPaths(`${dist}/`);
    await loadWasm();
    await tf.setBackend('wasm');
  });

  it('adds rows up by id, and leaves ids out that are none', async () => {
    const before = tf.memory();
    const x = tf.tensor3d([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], [3, 2, 2]);
    const sum = tf.unsortedSegmentSum(x, tf.tensor1d([2, 0, 2], 'int32'), 4);
    expect(sum.shape).toEqual([4, 2, 2]);
    expect([...(await sum.data())]).toEqual([5, 6, 7, 8, 0, 0, 0, 0, 10, 12, 14, 16, 0, 0, 0, 0]);
    const outside = tf.unsortedSegmentSum(tf.tensor1d([1, 2, 4]), tf.tensor1d([-1, 1, 9], 'int32'), 2);
    expect([...(await outside.data())]).toEqual([0, 2]);
    const whole = tf.unsortedSegmentSum(tf.tensor1d([1, 2], 'int32'), tf.tensor1d([0, 0], 'int32'), 1);
    expect([whole.dtype, ...(await whole.data())]).toEqual(['int32', 3]);
    tf.dispose([x, sum, outside, whole]);
    expect(tf.memory().numBytes - before.numBytes).toBeLessThan(100); // ids and inputs made in place
  });

  it('lets an embedding train', async () => {
    const model = tf.sequential({
      layers: [
        tf.layers.embedding({ inputDim: 5, outputDim: 3, inputLength: 4 }),
        tf.layers.flatten(),
        tf.layers.dense({ units: 1 }),
      ],
    });
    model.compile({ optimizer: tf.train.sgd(0.1), loss: 'meanSquaredError' });
    const [x, y] = [tf.tensor2d([[0, 1, 2, 3]], [1, 4], 'int32'), tf.tensor2d([[1]])];
    const embedding = () => model.layers[0]!.getWeights()[0]!.dataSync().slice();
    const before = embedding();
    const first = (await model.trainOnBatch(x, y)) as number;
    for (let step = 0; step < 20; step++) await model.trainOnBatch(x, y);
    expect((await model.trainOnBatch(x, y)) as number).toBeLessThan(first * 0.1);
    const after = embedding();
    // every row that was looked up has moved, the one that was not has stayed
    for (let row = 0; row < 5; row++) {
      const moved = [0, 1, 2].some((k) => before[3 * row + k] !== after[3 * row + k]);
      expect(moved).toBe(row < 4);
    }
  });
});
