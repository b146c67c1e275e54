import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { type BatchSource, batches, type DataBatch, pairs, ragged, streams, windows } from './index.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const ids = Array.from({ length: 61 }, (_, i) => i % 7);
const sequences = Array.from({ length: 11 }, (_, i) => ids.slice(0, 1 + (i % 4)));
const sources: [string, BatchSource][] = [
  ['streams', streams(ids, { batch: 2, time: 5, seed: 3 })],
  ['windows', windows(ids, { batch: 2, time: 5, stride: 3, seed: 3 })],
  [
    'batches',
    batches({ x: sequences.map(([a]) => [a!]), y: sequences.map((_, i) => i) }, { batch: 3, seed: 3 }),
  ],
  ['pairs', pairs({ x: sequences, y: sequences }, { batch: 3, seed: 3 })],
  ['ragged', ragged({ x: sequences, y: sequences.map((_, i) => i) }, { batch: 3, seed: 3, pool: 2 })],
];

async function read(all: Iterable<DataBatch>) {
  const found: unknown[] = [];
  for (const { x, y, ...rest } of all) {
    found.push({ x: await x.array(), y: await y.array(), ...rest });
    tf.dispose([x, y]);
  }
  return found;
}

it.each(sources)('%s: from any batch on as when it comes to it', async (_, source) => {
  const whole = await read(source(2));
  expect(whole).toHaveLength(source.steps);
  for (let from = 0; from <= source.steps; from++) {
    expect(await read(source.seek(2, from))).toEqual(whole.slice(from));
  }
});

it.each(sources)('%s: makes no tensor of what comes before', (_, source) => {
  const before = tf.memory().numTensors;
  const [last] = source.seek(0, source.steps - 1);
  expect(tf.memory().numTensors - before).toBe(2);
  tf.dispose([last!.x, last!.y]);
});
