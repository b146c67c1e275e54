import '@tensorflow/tfjs';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { definePlugin, type Trainable } from '@gatewise/plugin';
import { train } from '@gatewise/trainer';
import * as tf from '@tensorflow/tfjs-core';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type MetricsOptions, metricsCsv } from './index.js';

const folder = mkdtempSync(join(tmpdir(), 'gatewise-csv-'));
beforeAll(async () => {
  await tf.setBackend('cpu');
});
afterAll(() => rmSync(folder, { recursive: true }));
const path = (name: string) => join(folder, name);
const rows = (file: string): Record<string, string>[] => parse(readFileSync(file, 'utf8'), { columns: true });

/** Two epochs of two steps; the loss of step n is n; `late, "odd"` is reported in the second epoch. */
async function run(options: MetricsOptions, end?: string) {
  const w = tf.tidy(() => tf.variable(tf.scalar(0)));
  const model: Trainable = {
    name: 'constant',
    weights: { w },
    loss: ({ y }) => tf.add(tf.mean(y), tf.mul(w, 0)),
  };
  const late = definePlugin('late', () => ({
    onBatchBegin(ctx) {
      if (ctx.epoch === 1) ctx.report('late, "odd"', ctx.step === 3 ? Number.NaN : 0.5);
      if (ctx.step === 3 && end !== undefined) ctx.stop(end);
    },
  }));
  const batches = () => [1, 2].map((n) => ({ x: tf.zeros([1, 1]), y: tf.fill([1, 1], n) }));
  const optimizer = tf.train.sgd(0);
  const plugins = [late({}), metricsCsv({ now: () => 0, ...options })];
  await train(model, batches, { epochs: 2, seed: 7, optimizer, plugins });
  w.dispose();
  optimizer.dispose();
}

it('has a row an event and a column a number, also of those that come late', async () => {
  const file = path('new/a.csv');
  await run({ file }, 'a "good", long\nreason');
  const all = rows(file);
  expect(all.map(({ event, step }) => `${event} ${step}`)).toEqual([
    ...['begin 0', 'step 1', 'step 2', 'epoch 2', 'step 3', 'step 4', 'epoch 4', 'end 4'],
  ]);
  expect(all.map((row) => row['late, "odd"'])).toEqual(['', '', '', '', '0.5', 'NaN', 'NaN', '']);
  expect(all[1]).toMatchObject({ event: 'step', epoch: '0', loss: '1', seed: '', time: '0' });
  expect(all.at(-1)).toMatchObject({ reason: 'stopped', why: 'a "good", long\nreason' });
  expect(readdirSync(path('new'))).toEqual(['a.csv']);
});

it('goes on where a file ends, half a row of a killed run included, or replaces it', async () => {
  const file = path('b.csv');
  await run({ file });
  const whole = readFileSync(file, 'utf8');
  writeFileSync(file, whole.slice(0, -9));
  await run({ file });
  const all = rows(file);
  expect(all).toHaveLength(16);
  expect(all.filter(({ event }) => event === 'begin')).toHaveLength(2);
  await run({ file, mode: 'replace' });
  expect(readFileSync(file, 'utf8')).toBe(whole);
});

it('refuses a file that is no CSV, and leaves it as it was', async () => {
  const file = path('c.csv');
  writeFileSync(file, 'a,"b\n');
  await expect(run({ file })).rejects.toThrow(/GW_METRICS_CSV: got ".*c\.csv", wanted CSV to add rows to/);
  expect(readFileSync(file, 'utf8')).toBe('a,"b\n');
});
