import '@tensorflow/tfjs';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GatewiseError } from '@gatewise/core';
import type { Trainable } from '@gatewise/plugin';
import { type TrainOptions, train } from '@gatewise/trainer';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type MetricsOptions, metrics } from './index.js';
import { openLineFile } from './line-file.js';
import { jsonLine, metricsHooks } from './metrics.js';

const folder = mkdtempSync(join(tmpdir(), 'gatewise-metrics-'));
beforeAll(async () => {
  await tf.setBackend('cpu');
});
afterAll(() => rmSync(folder, { recursive: true }));
const path = (name: string) => join(folder, name);
const read = (file: string) =>
  readFileSync(file, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));

/** Two steps of a second in an epoch; the loss of step n is n. */
async function run(options: MetricsOptions, more: Partial<TrainOptions> = {}) {
  let clock = 0;
  const w = tf.tidy(() => tf.variable(tf.scalar(0)));
  const model: Trainable = {
    name: 'constant',
    weights: { w },
    loss: ({ y }) => tf.add(tf.mean(y), tf.mul(w, 0)),
  };
  async function* batches() {
    for (const n of [1, 2]) {
      clock += 1000;
      yield { x: tf.zeros([1, 1]), y: tf.fill([1, 1], n) };
    }
  }
  const optimizer = tf.train.sgd(0);
  const plugins = [...(more.plugins ?? []), metrics({ now: () => clock, ...options })];
  try {
    return await train(model, batches, { epochs: 1, seed: 7, optimizer, ...more, plugins });
  } finally {
    w.dispose();
    optimizer.dispose();
  }
}

describe('metrics', () => {
  it('writes a line a step, an epoch and the end, in a folder that it makes', async () => {
    const file = path('runs/a/metrics.jsonl');
    const validation = () => [{ x: tf.zeros([1, 1]), y: tf.fill([1, 1], 4) }];
    await run({ file }, { epochs: 2, steps: 4, validation });
    expect(read(file)).toEqual([
      { event: 'begin', step: 0, seed: 7, epochs: 2, steps: 4, time: 0 },
      { event: 'step', step: 1, epoch: 0, loss: 1, time: 1000 },
      { event: 'step', step: 2, epoch: 0, loss: 2, time: 2000 },
      { event: 'epoch', step: 2, epoch: 0, loss: 1.5, valLoss: 4, time: 2000 },
      { event: 'step', step: 3, epoch: 1, loss: 1, time: 3000 },
      { event: 'step', step: 4, epoch: 1, loss: 2, time: 4000 },
      { event: 'epoch', step: 4, epoch: 1, loss: 1.5, valLoss: 4, time: 4000 },
      { event: 'end', step: 4, reason: 'completed', time: 4000 },
    ]);
  });

  it('writes every nth step, and why a run stopped', async () => {
    const file = path('every.jsonl');
    await run({ file, every: 2 }, { epochs: 2 });
    expect(read(file).map(({ event, step }) => `${event} ${step}`)).toEqual([
      'begin 0',
      'step 2',
      'epoch 2',
      'step 4',
      'epoch 4',
      'end 4',
    ]);
    await run({ file, mode: 'replace' }, { signal: AbortSignal.abort('the time is up') });
    expect(read(file).at(-1)).toEqual({
      event: 'end',
      step: 0,
      reason: 'stopped',
      why: 'the time is up',
      time: 0,
    });
  });

  it('keeps the lines of a run that failed', async () => {
    const file = path('failed.jsonl');
    const validation = () => {
      throw new Error('no such data');
    };
    await expect(run({ file }, { validation })).rejects.toThrow('no such data');
    const lines = read(file);
    expect(lines.map(({ event }) => event)).toEqual(['begin', 'step', 'step', 'end']);
    expect(lines.at(-1)).toMatchObject({ reason: 'failed', error: expect.stringContaining('no such data') });
  });

  it('appends to a file, or replaces it, and ends a line that a killed run left', async () => {
    const file = path('again.jsonl');
    await run({ file });
    const once = statSync(file).size;
    await run({ file });
    expect(statSync(file).size).toBe(2 * once);
    await run({ file, mode: 'replace' });
    expect(statSync(file).size).toBe(once);
    writeFileSync(file, '{"event":"step"}\n{"event":"st');
    await run({ file });
    expect(readFileSync(file, 'utf8').split('\n').slice(0, 3)).toEqual([
      '{"event":"step"}',
      '{"event":"st',
      '{"event":"begin","step":0,"seed":7,"epochs":1,"time":0}',
    ]);
  });

  it('leaves no tensor behind', async () => {
    const before = tf.memory().numTensors;
    await run({ file: path('leak.jsonl') }, { epochs: 20 });
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('what it writes', () => {
  it('has texts for what JSON has no number for', () => {
    const line = jsonLine({
      a: Number.NaN,
      b: Number.POSITIVE_INFINITY,
      c: Number.NEGATIVE_INFINITY,
      d: 0.1,
    });
    expect(line).toBe('{"a":"NaN","b":"Infinity","c":"-Infinity","d":0.1}');
  });

  it('keeps its own fields for itself', async () => {
    const hooks = metricsHooks({ file: path('clash.jsonl'), every: 1, mode: 'append', now: () => 0 });
    await hooks.onTrainBegin({ step: 0 } as never);
    const context = { step: 1, epoch: 0, logs: async () => ({ time: 3 }) } as never;
    await expect(hooks.onBatchEnd(context)).rejects.toThrow('GW_METRICS_NAME: got a reported number "time"');
    await hooks.dispose();
  });

  it('goes on counting time after a resume', () => {
    let clock = 100;
    const make = () => metricsHooks({ file: path('none'), every: 1, mode: 'append', now: () => clock });
    const first = make();
    clock = 1600;
    const state = JSON.parse(JSON.stringify(first.saveState()));
    expect(state).toEqual({ time: 1500 });
    const second = make();
    second.loadState(state);
    clock = 1700;
    expect(second.saveState()).toEqual({ time: 1600 });
    expect(() => second.loadState({})).toThrow('GW_METRICS_STATE');
    expect(existsSync(path('none'))).toBe(false);
  });

  it.each([
    [{ file: '' }, 'got file "", wanted a path'],
    [{ file: 'a', every: 0 }, 'got every 0, wanted a whole number of steps'],
    [{ file: 'a', every: 1.5 }, 'got every 1.5'],
    [{ file: 'a', mode: 'w' as 'append' }, 'got mode "w", wanted "append" or "replace"'],
  ])('refuses the options %j', (options, message) => {
    expect(() => metrics(options)).toThrow(`GW_METRICS_OPTIONS: ${message}`);
  });
});

describe('a file that can not be written', () => {
  const failure = async (file: string): Promise<GatewiseError> => {
    const error = await run({ file }).then(
      () => undefined,
      (e: Error) => e.cause,
    );
    if (error instanceof GatewiseError) return error;
    throw new Error(`got ${error}`);
  };

  it('in a folder that is a file, and a folder in its place', async () => {
    writeFileSync(path('file'), '');
    const below = await failure(path('file/metrics.jsonl'));
    expect(below.code).toBe('GW_METRICS_WRITE');
    expect(below.message).toMatch(
      /got (ENOTDIR|EEXIST) on writing ".*metrics\.jsonl".*a part of the path is a file/,
    );
    const taken = await failure(folder);
    expect(taken.message).toContain('got EISDIR');
  });

  it.skipIf(!existsSync('/dev/full'))('on a full disk', async () => {
    const full = await failure('/dev/full');
    expect(full.message).toBe(
      'GW_METRICS_WRITE: got ENOSPC on writing "/dev/full", wanted a file to add lines to; ' +
        'free some space on the disk (what it held stays; 1 new lines are lost)',
    );
  });

  it.skipIf(process.platform === 'win32')(
    'when the disk ends within a line: the lines before stay whole',
    async () => {
      const file = path('limited.jsonl');
      const lines = await openLineFile(file, true);
      for (let i = 0; i < 10; i++) lines.add(jsonLine({ i, text: 'x'.repeat(90) }));
      await lines.flush();
      await lines.close();
      const before = readFileSync(file, 'utf8');
      const code = `
      import { openLineFile } from './src/line-file.ts';
      const lines = await openLineFile(${JSON.stringify(file)}, false);
      lines.add(JSON.stringify({ text: 'y'.repeat(5000) }));
      const failed = await lines.flush().catch((error) => error.message);
      await lines.flush();
      await lines.close();
      process.stdout.write(failed);`;
      // 2 blocks of 1024 bytes: the write fails with a part of it done.
      const child = spawnSync(
        'bash',
        ['-c', 'ulimit -f 2; exec "$0" "$@"', process.execPath, ...node(code)],
        {
          cwd: join(import.meta.dirname, '..'),
          env: { ...process.env, TSX_DISABLE_CACHE: '1' },
          encoding: 'utf8',
        },
      );
      expect(child.stdout, child.stderr).toMatch(
        /^GW_METRICS_WRITE: got EFBIG on writing .*1 new lines are lost/,
      );
      expect(readFileSync(file, 'utf8')).toBe(before);
    },
  );
});

const node = (code: string) => [
  '-C',
  'gatewise-source',
  '--import',
  'tsx',
  '--input-type=module',
  '-e',
  code,
];
