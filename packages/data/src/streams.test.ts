import '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { BatchSource } from './batch.js';
import { streams } from './streams.js';
import { windows } from './windows.js';

const sequence = (n: number) => Int32Array.from({ length: n }, (_, i) => i);

/** The batches of an epoch as plain numbers; nothing is left behind. */
function read(source: BatchSource, epoch = 0) {
  return Array.from(source(epoch), ({ x, y, carry }) => {
    const batch = { x: x.arraySync() as number[][], y: y.arraySync() as number[][], carry, dtype: x.dtype };
    tf.dispose([x, y]);
    return batch;
  });
}

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe('streams', () => {
  it('gives B streams whose windows continue each other', () => {
    const source = streams(sequence(14), { batch: 2, time: 3 });
    expect(source.steps).toBe(2);
    expect(read(source)).toEqual([
      {
        x: [
          [0, 1, 2],
          [6, 7, 8],
        ],
        y: [
          [1, 2, 3],
          [7, 8, 9],
        ],
        carry: false,
        dtype: 'int32',
      },
      {
        x: [
          [3, 4, 5],
          [9, 10, 11],
        ],
        y: [
          [4, 5, 6],
          [10, 11, 12],
        ],
        carry: true,
        dtype: 'int32',
      },
    ]);
  });

  it('loses only a tail of fewer than B·T ids', () => {
    for (const n of [13, 17, 18, 19, 24, 25]) {
      const targets = read(streams(sequence(n), { batch: 3, time: 2 })).flatMap(({ y }) => y.flat());
      const scored = targets.sort((a, b) => a - b);
      expect(scored).toEqual(Array.from({ length: scored.length }, (_, i) => i + 1));
      expect(n - 1 - scored.length).toBeLessThan(6);
    }
  });

  it('starts an epoch anew, the same without a seed, at seeded places with one', () => {
    const plain = streams(sequence(40), { batch: 2, time: 5 });
    expect(read(plain, 1)).toEqual(read(plain, 0));
    const seeded = streams(sequence(40), { batch: 2, time: 5, seed: 7 });
    expect(read(seeded, 3)).toEqual(read(seeded, 3));
    const starts = Array.from({ length: 20 }, (_, epoch) => read(seeded, epoch)[0]?.x[0]?.[0] as number);
    expect(new Set(starts).size).toBeGreaterThan(3);
    expect(Math.max(...starts)).toBeLessThanOrEqual(9);
    expect(Math.max(...read(seeded, 4).flatMap(({ y }) => y.flat()))).toBeLessThan(40);
  });

  it('makes tensors only when asked', () => {
    const before = tf.memory().numTensors;
    const iterator = streams(sequence(100), { batch: 2, time: 3 })(0)[Symbol.iterator]();
    expect(tf.memory().numTensors).toBe(before);
    const { x, y } = iterator.next().value as { x: tf.Tensor; y: tf.Tensor };
    expect(tf.memory().numTensors).toBe(before + 2);
    tf.dispose([x, y]);
  });

  it('says what is wrong', () => {
    expect(() => streams(sequence(6), { batch: 2, time: 3 })).toThrow(
      /GW_DATA_TOO_SHORT: got 6 ids, wanted at least batch · time \+ 1 = 2 · 3 \+ 1 = 7/,
    );
    expect(streams(sequence(7), { batch: 2, time: 3 }).steps).toBe(1);
    expect(() => streams(sequence(9), { batch: 0, time: 3 })).toThrow(/GW_DATA_BATCH: got batch = 0/);
    expect(() => streams(sequence(9), { batch: 2, time: 0 })).toThrow(/GW_DATA_TIME: got time = 0/);
    expect(() => streams(sequence(9), { batch: 2, time: 1.5 })).toThrow(/GW_DATA_TIME: got time = 1.5/);
    expect(() => streams([0, 1, Number.NaN, 2], { batch: 1, time: 1 })).toThrow(
      /GW_DATA_IDS: got NaN at position 2/,
    );
    expect(() => streams([0, -1, 2], { batch: 1, time: 1 })).toThrow(/GW_DATA_IDS: got -1 at position 1/);
  });
});

describe('windows', () => {
  it('cuts windows, keeps the last partial batch and carries nothing', () => {
    const read2 = read(windows(sequence(11), { batch: 2, time: 3 }));
    expect(read2.map(({ x }) => x)).toEqual([
      [
        [0, 1, 2],
        [3, 4, 5],
      ],
      [[6, 7, 8]],
    ]);
    expect(read2.map(({ y }) => y)).toEqual([
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
      [[7, 8, 9]],
    ]);
    expect(read2.every(({ carry }) => carry === undefined)).toBe(true);
  });

  it('overlaps with a stride below T', () => {
    const x = read(windows(sequence(6), { batch: 9, time: 3, stride: 1 })).map((batch) => batch.x);
    expect(x).toEqual([
      [
        [0, 1, 2],
        [1, 2, 3],
        [2, 3, 4],
      ],
    ]);
  });

  it('shuffles by seed and epoch and loses nothing', () => {
    const source = windows(sequence(31), { batch: 4, time: 3, seed: 5 });
    const order = (epoch: number) => read(source, epoch).flatMap(({ x }) => x.map((row) => row[0]));
    expect(order(0)).toEqual(order(0));
    expect(order(0)).not.toEqual(order(1));
    expect(order(1).sort((a, b) => Number(a) - Number(b))).toEqual([0, 3, 6, 9, 12, 15, 18, 21, 24, 27]);
    expect(source.steps).toBe(read(source).length);
  });

  it('says what is wrong', () => {
    expect(() => windows(sequence(3), { batch: 1, time: 3 })).toThrow(/GW_DATA_TOO_SHORT: got 3 ids.* 4/);
    expect(() => windows(sequence(9), { batch: 0, time: 3 })).toThrow(/GW_DATA_BATCH/);
    expect(() => windows(sequence(9), { batch: 1, time: 0 })).toThrow(/GW_DATA_TIME/);
    expect(() => windows(sequence(9), { batch: 1, time: 3, stride: 0 })).toThrow(/GW_DATA_STRIDE/);
  });
});
