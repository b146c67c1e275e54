import '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { padded, pairs } from './pairs.js';

beforeAll(async () => void (await tf.setBackend('cpu')));
const ids = (...numbers: number[]) => Int32Array.from(numbers);
const x = [ids(1, 2, 3), ids(), ids(4), ids(5, 6)];
const y = [[7], [8, 9], [], [1, 2, 3]];

describe('pairs', () => {
  it('pads both sides, ends targets, and says how long each is', () => {
    const [first, second] = [...pairs({ x, y, end: 0 }, { batch: 2 })(0)];
    expect(first!.x.arraySync()).toEqual([
      [1, 2, 3],
      [0, 0, 0],
    ]);
    expect(first!.y.arraySync()).toEqual([
      [7, 0, 0],
      [8, 9, 0],
    ]);
    expect([first!.x.dtype, first!.y.dtype]).toEqual(['int32', 'int32']);
    expect([first!.lengths, first!.targetLengths]).toEqual([
      [3, 0],
      [2, 3],
    ]);
    expect([second!.lengths, second!.targetLengths]).toEqual([
      [1, 2],
      [1, 4],
    ]);
  });

  it('keeps pairs together in the order of an epoch, by length within pools', () => {
    const source = pairs(
      {
        x: Array.from({ length: 40 }, (_, n) => new Int32Array((n * 7) % 11).fill(n)),
        y: Array.from({ length: 40 }, (_, n) => [n, n]),
      },
      { batch: 4, seed: 1, pool: 5 },
    );
    expect(source.steps).toBe(10);
    const rows = (epoch: number) =>
      [...source(epoch)].flatMap((batch) => {
        const sources = batch.x.arraySync() as number[][];
        return (batch.y.arraySync() as number[][]).map(([n], b) => {
          expect(sources[b]!.slice(0, batch.lengths[b])).toEqual(Array((n! * 7) % 11).fill(n));
          return n;
        });
      });
    expect(rows(0)).toEqual(rows(0));
    expect(rows(0)).not.toEqual(rows(1));
    expect([...rows(1)].sort((a, b) => a! - b!)).toEqual(Array.from({ length: 40 }, (_, n) => n));
  });

  it('refuses what does not pair up', () => {
    expect(() => pairs({ x, y: [[1]] }, { batch: 2 })).toThrow(/GW_DATA_SAMPLES/);
    expect(() => pairs({ x: [], y: [] }, { batch: 2 })).toThrow(/GW_DATA_EMPTY/);
    expect(() => pairs({ x, y, end: -1 }, { batch: 2 })).toThrow(/GW_DATA_IDS/);
    expect(() => pairs({ x, y }, { batch: 0 })).toThrow(/GW_DATA_BATCH/);
    expect(() => pairs({ x, y }, { batch: 1, pool: 0 })).toThrow(/GW_DATA_POOL/);
  });
});

describe('padded', () => {
  it('makes one tensor of ids, or of vectors', () => {
    const { x: tensor, lengths } = padded([ids(1, 2), ids(3)]);
    expect(tensor.arraySync()).toEqual([
      [1, 2],
      [3, 0],
    ]);
    expect(lengths).toEqual([2, 1]);
    expect(padded([[[1, 2]], []]).x.shape).toEqual([2, 1, 2]);
    expect(() => padded([])).toThrow(/GW_DATA_EMPTY/);
  });
});
