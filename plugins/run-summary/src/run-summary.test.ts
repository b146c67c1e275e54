import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { adamw } from '@gatewise/optimisers';
import { type Clock, definePlugin, memoryStore, type Store, Tokens, type Trainable } from '@gatewise/plugin';
import { type TrainOptions, train } from '@gatewise/trainer';
import * as tf from '@tensorflow/tfjs';
import { Container } from 'inversify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeCommit } from './commit.js';
import { type RunRecord, runSummary } from './index.js';
import { describeVersions } from './versions.js';

const root = mkdtempSync(join(tmpdir(), 'gatewise-run-summary-'));
beforeAll(async () => {
  await tf.setBackend('cpu');
});
afterAll(() => rmSync(root, { recursive: true }));

async function run(folder: string, options: Partial<TrainOptions> = {}, store?: Store): Promise<Trainable> {
  let time = Date.UTC(2026, 0, 2);
  const clock: Clock = { now: () => time, elapsed: () => time };
  const container = new Container();
  container.bind(Tokens.Clock).toConstantValue(clock);
  if (store) container.bind(Tokens.Store).toConstantValue(store);
  const model = tf.sequential({ name: 'small', layers: [tf.layers.dense({ units: 2, inputShape: [3] })] });
  function* batches() {
    time += 1500;
    yield { x: tf.ones([4, 3]), y: tf.zeros([4], 'int32') };
  }
  const optimizer = tf.train.adam(0.01);
  const summary = runSummary({ folder, settings: { data: 'ones', sizes: [1, 2] } });
  const base = {
    epochs: 2,
    seed: 7,
    optimizer,
    validation: batches,
    loss: 'softmaxCrossEntropy',
    container,
  } as const;
  await train(model, batches, {
    ...base,
    ...options,
    plugins: [...(options.plugins ?? []), summary],
  } as TrainOptions);
  return model as never;
}
const read = (folder: string) => JSON.parse(readFileSync(join(folder, 'run.json'), 'utf8')) as RunRecord;

describe('run.json and run.txt', () => {
  it('have everything of the run', async () => {
    const folder = join(root, 'all');
    await run(folder, { metrics: ['accuracy'], limitBatches: 3, maxTime: '00:10:00' });
    const got = read(folder);
    expect(got).toMatchObject({
      format: 'gatewise-run/1',
      begun: '2026-01-02T00:00:00.000Z',
      ended: '2026-01-02T00:00:06.000Z',
      seconds: 6,
      end: { reason: 'completed' },
      ...{ seed: 7, epochs: 2, step: 2 },
      logs: { loss: expect.any(Number), valLoss: expect.any(Number), accuracy: expect.any(Number) },
      model: { name: 'small', parameters: 8 },
      engine: { backend: 'cpu', recurrence: expect.any(String) },
      options: {
        ...{ epochs: 2, seed: 7, loss: 'softmaxCrossEntropy', metrics: ['accuracy'], limitBatches: 3 },
        ...{ maxTime: '00:10:00', validation: 'of unknown number', batches: 'of unknown number' },
        optimizer: { name: 'Adam', learningRate: 0.01 },
      },
      plugins: ['run-summary'],
      settings: { data: 'ones', sizes: [1, 2] },
      machine: { system: expect.any(String), threads: expect.any(Number) },
    });
    expect(Object.values(got.model.weights)).toEqual([[3, 2], [2]]);
    expect(got.versions).toMatchObject({
      node: process.versions.node,
      '@tensorflow/tfjs-core': '4.22.0',
      '@gatewise/core': '0.1.0',
      '@gatewise/trainer': '0.1.0',
    });
    const text = readFileSync(join(folder, 'run.txt'), 'utf8');
    for (const part of [
      'completed',
      'small, 8 parameters',
      'accuracy',
      '@gatewise/core',
      'data',
      'Adam',
      'seed ',
    ])
      expect(text).toContain(part);
    expect(text).not.toMatch(/undefined|\[object/);
  });

  it('are there from the beginning, and say why a run stopped or failed', async () => {
    const folder = join(root, 'failed');
    let atFirst: RunRecord | undefined;
    const failing = definePlugin('failing', () => ({
      onBatchEnd() {
        atFirst = read(folder);
        throw new Error('boom');
      },
    }));
    await expect(run(folder, { plugins: [failing({})] })).rejects.toThrow('boom');
    expect(atFirst).toMatchObject({ end: null, ended: null, seconds: null, step: 0, logs: {} });
    expect(read(folder).end).toEqual({ reason: 'failed', error: expect.stringContaining('boom') });
    await run(folder, { signal: AbortSignal.abort('no time') });
    expect(read(folder).end).toEqual({ reason: 'stopped', why: 'no time' });
    expect(readFileSync(join(folder, 'run.txt'), 'utf8')).toContain('stopped: no time');
  });

  it('name the weights of each group of the optimizer', async () => {
    const folder = join(root, 'groups');
    const optimizer = adamw({ groups: [{ weights: /bias$/, weightDecay: 0 }] });
    await run(folder, { optimizer });
    const [weights, weightDecay] = [[expect.stringMatching(/\/bias$/)], 0];
    expect(read(folder).options.optimizer).toMatchObject({
      name: 'adamw',
      groups: [{ weights, weightDecay }],
    });
    expect(readFileSync(join(folder, 'run.txt'), 'utf8')).toMatch(
      /optimizer .*"groups":\[{"weights":\["\S+bias"\]/,
    );
  });

  it('go through the store, and a fast development run writes none', async () => {
    const store = memoryStore();
    await run('runs/one/', {}, store);
    expect([...(await store.list('runs/one'))].sort()).toEqual(['run.json', 'run.txt']);
    await run('runs/two', { fastDevRun: true }, store);
    expect(await store.list('runs/two')).toEqual([]);
  });

  it('leave no tensor behind', async () => {
    const store = memoryStore();
    const before = tf.memory().numTensors;
    const model = (await run('runs/one', {}, store)) as unknown as tf.LayersModel;
    model.dispose();
    expect(tf.memory().numTensors - before).toBeLessThanOrEqual(6); // adam's, whose optimizer is the caller's
  });
});

describe('git and versions', () => {
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], { cwd: join(root, 'repo') });

  it('are the commit of the folder, and whether files differ', async () => {
    mkdirSync(join(root, 'repo'));
    expect(await describeCommit(join(root, 'repo'))).toBeNull();
    git('init', '-q');
    expect(await describeCommit(join(root, 'repo'))).toBeNull();
    writeFileSync(join(root, 'repo', 'file'), 'a');
    git('add', 'file');
    git('commit', '-qm', 'first');
    const commit = git('rev-parse', 'HEAD').toString().trim();
    expect(await describeCommit(join(root, 'repo'))).toEqual({ commit, changed: false });
    writeFileSync(join(root, 'repo', 'file'), 'b');
    expect(await describeCommit(join(root, 'repo'))).toEqual({ commit, changed: true });
  });

  it('are those of the nearest packages', () => {
    const put = (folder: string, version: string) => {
      const at = join(root, folder, 'node_modules', '@gatewise', 'core');
      mkdirSync(at, { recursive: true });
      writeFileSync(join(at, 'package.json'), JSON.stringify({ version }));
    };
    put('app', '1.0.0');
    put('app/deeper', '2.0.0');
    mkdirSync(join(root, 'app', 'node_modules', '@gatewise', 'no-package'));
    expect(describeVersions(join(root, 'app', 'deeper', 'src'))).toEqual({
      node: process.versions.node,
      '@gatewise/core': '2.0.0',
      '@tensorflow/tfjs-core': '4.22.0',
    });
  });
});

describe('what it refuses', () => {
  it.each([
    [{ folder: '' }, 'got folder ""'],
    [{ folder: 'a', settings: 3 as never }, 'got settings 3'],
  ])('%j', (options, message) => {
    expect(() => runSummary(options)).toThrow(`GW_RUN_SUMMARY_OPTIONS: ${message}`);
  });

  it('a folder that cannot be written', async () => {
    writeFileSync(join(root, 'taken'), '');
    const error = await run(join(root, 'taken')).then(
      () => undefined,
      (e: Error) => e.cause,
    );
    expect(error).toMatchObject({ code: 'GW_RUN_SUMMARY_WRITE' });
  });
});
