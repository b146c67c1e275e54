import '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { batches, type Samples } from './arrays.js';

const xor = {
  x: [
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ],
  y: [[0], [1], [1], [0]],
};

function read(x: Samples, y: Samples, options: { batch: number; seed?: number }, epoch = 0) {
  return Array.from(batches({ x, y }, options)(epoch), (batch) => {
    const plain = { x: batch.x.arraySync(), y: batch.y.arraySync(), types: [batch.x.dtype, batch.y.dtype] };
    tf.dispose([batch.x, batch.y]);
    return plain;
  });
}

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe('batches', () => {
  it('keeps the last partial batch', () => {
    const types = ['float32', 'float32'];
    expect(read(xor.x, xor.y, { batch: 3 })).toEqual([
      {
        x: [
          [0, 0],
          [0, 1],
          [1, 0],
        ],
        y: [[0], [1], [1]],
        types,
      },
      { x: [[1, 1]], y: [[0]], types },
    ]);
    expect(batches(xor, { batch: 3 }).steps).toBe(2);
  });

  it('keeps x and y together when it shuffles by seed and epoch', () => {
    const x = Array.from({ length: 20 }, (_, i) => [[i], [i + 100]]);
    const y = Int32Array.from({ length: 20 }, (_, i) => i);
    const epochs = [0, 0, 1].map((epoch) => read(x, y, { batch: 6, seed: 3 }, epoch));
    expect(epochs[0]).toEqual(epochs[1]);
    expect(epochs[0]).not.toEqual(epochs[2]);
    const rows = epochs[2]?.flatMap((batch) => (batch.x as number[][][]).map((row) => row[0]?.[0]));
    expect<unknown>(rows).toEqual(epochs[2]?.flatMap((batch) => batch.y as number[]));
    expect(new Set(rows).size).toBe(20);
    expect(epochs[0]?.[0]?.types).toEqual(['float32', 'int32']);
  });

  it('takes flat values with a shape, and rows of typed arrays', () => {
    const flat = { values: Float32Array.of(1, 2, 3, 4), shape: [2, 2, 1] };
    expect(read(flat, [Int32Array.of(1), Int32Array.of(2)], { batch: 2 })).toEqual([
      {
        x: [
          [[1], [2]],
          [[3], [4]],
        ],
        y: [[1], [2]],
        types: ['float32', 'int32'],
      },
    ]);
  });

  it('says where a number is not finite', () => {
    expect(() =>
      batches(
        {
          x: [
            [0, 1],
            [2, Number.NaN],
          ],
          y: [0, 1],
        },
        { batch: 1 },
      ),
    ).toThrow(/GW_DATA_NOT_FINITE: x: got NaN in sample 1 \(value 1 of 2\)/);
    expect(() => batches({ x: [0, 1], y: [0, 1 / 0] }, { batch: 1 })).toThrow(
      /GW_DATA_NOT_FINITE: y: got Infinity in sample 1/,
    );
  });

  it('says what is wrong with shapes and counts', () => {
    const y = [0, 1];
    expect(() => batches({ x: [[1], [1, 2]], y }, { batch: 1 })).toThrow(/GW_DATA_SHAPE: x: got samples/);
    expect(() => batches({ x: [[1], 1], y } as never, { batch: 1 })).toThrow(/GW_DATA_SHAPE/);
    expect(() => batches({ x: { values: Float32Array.of(1), shape: [2] }, y }, { batch: 1 })).toThrow(
      /GW_DATA_SHAPE: x: got 1 values for the shape \[2\]/,
    );
    expect(() => batches({ x: [1, 2, 3], y }, { batch: 1 })).toThrow(
      /GW_DATA_SAMPLES: got 3 samples in x and 2/,
    );
    expect(() => batches({ x: [], y }, { batch: 1 })).toThrow(/GW_DATA_EMPTY/);
    expect(() => batches(xor, { batch: 0 })).toThrow(/GW_DATA_BATCH/);
  });

  it('leaves no tensor behind', () => {
    const before = tf.memory().numTensors;
    read(xor.x, xor.y, { batch: 3 });
    expect(tf.memory().numTensors).toBe(before);
  });
});
