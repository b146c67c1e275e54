import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { GatewiseError } from '@gatewise/core';
import type { PluginError } from '@gatewise/plugin';
import * as tf from '@tensorflow/tfjs';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Asked } from '../test/worker.js';
import {
  type EpochReport,
  type StepReport,
  serveTraining,
  trainInWorker,
  type WorkerOptions,
} from './index.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
let folder: string;
let worker: URL;

/** The worker's module as an application has it: JavaScript. Node's threads know nothing of the tests' TypeScript. */
beforeAll(async () => {
  await tf.setBackend('cpu');
  mkdirSync(join(root, 'node_modules/.cache'), { recursive: true });
  folder = mkdtempSync(join(root, 'node_modules/.cache/gatewise-worker-'));
  const outfile = join(folder, 'worker.mjs');
  await build({
    entryPoints: [fileURLToPath(new URL('../test/worker.ts', import.meta.url))],
    ...{ outfile, bundle: true, format: 'esm', platform: 'node', logLevel: 'silent' },
    ...{ conditions: ['gatewise-source'], external: ['@tensorflow/*', 'inversify'] },
  });
  worker = pathToFileURL(outfile);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (options: Asked, more: Omit<WorkerOptions<Asked>, 'options'> = {}) =>
  trainInWorker<{ steps: number; weight: number }, Asked>(worker, { options, ...more });
const failure = (training: Promise<unknown>) =>
  training.then(
    () => {
      throw new Error('wanted an error, got none');
    },
    (error: Error & { code?: string }) => error,
  );

describe('training in a thread of Node', () => {
  it('gives back result, weights and model, and reports steps and epochs', async () => {
    const steps: StepReport[] = [];
    const epochs: EpochReport[] = [];
    const trained = await run(
      { mode: 'learn', epochs: 20 },
      { onStep: (report) => steps.push(report), onEpoch: (report) => epochs.push(report) },
    );
    expect(trained.result).toMatchObject({ reason: 'completed', steps: 100, epochs: 20 });
    expect(trained.result.history.at(-1)?.loss).toBeLessThan(trained.result.history[0]?.loss as number);
    expect(epochs.map(({ epoch }) => epoch)).toEqual(Array.from({ length: 20 }, (_, i) => i));
    expect(epochs.map(({ logs }) => logs)).toEqual(trained.result.history);
    expect(epochs[0]?.logs.valLoss).toBeGreaterThan(0);
    expect(steps.length).toBeGreaterThan(0);
    expect(steps[0]).toMatchObject({ epoch: 0, epochs: 20, step: 1 });
    expect(steps[0]?.logs.loss).toBeGreaterThan(0);
    const { weights, artifacts, value } = trained;
    const [kernel] = Object.values(weights);
    expect(kernel).toMatchObject({ shape: [1, 1], dtype: 'float32' });
    expect(kernel?.values[0]).toBe(value.weight);
    expect(kernel?.values[0]).toBeCloseTo(2, 0);
    const model = await tf.loadLayersModel(tf.io.fromMemory(artifacts as tf.io.ModelArtifacts));
    expect(model.getWeights()[0]?.dataSync()[0]).toBe(value.weight);
  });

  it('is cancelled by its signal, and gives back what it has', async () => {
    const controller = new AbortController();
    const { result, weights } = await run(
      { mode: 'endless' },
      { signal: controller.signal, onStep: () => controller.abort('enough') },
    );
    expect(result).toMatchObject({ reason: 'stopped', why: 'enough', epochs: 1 });
    expect(result.steps).toBeGreaterThan(0);
    expect(Object.keys(weights)).toHaveLength(2);
    const before = await run({ mode: 'endless' }, { signal: AbortSignal.abort() });
    expect(before.result).toMatchObject({ reason: 'stopped', why: 'aborted', steps: 0 });
  });

  it('starts a worker of the caller’s making, and hears what it has to say', async () => {
    const said: unknown[] = [];
    const { result, value } = await trainInWorker(() => new Worker(worker), {
      options: { mode: 'send' },
      onMessage: (one) => said.push(one),
    });
    expect(said).toEqual([{ hello: [1, 2] }]);
    expect([result.steps, value]).toEqual([10, { steps: 10, weight: expect.any(Number) }]);
  });
});

describe('errors', () => {
  it('cross with code, kind, cause and stack', async () => {
    const coded = (await failure(run({ mode: 'coded' }))) as GatewiseError;
    expect(coded).toMatchObject({ name: 'GatewiseError', code: 'GW_TEST_CODED' });
    expect(coded.message).toBe('GW_TEST_CODED: got this, wanted that');
    expect(coded.cause).toMatchObject({ name: 'RangeError', message: 'below' });
    expect(coded.stack).toContain('worker.mjs');
    expect(await failure(run({ mode: 'plain' }))).toMatchObject({
      name: 'TypeError',
      message: 'a plain one',
    });
  });

  it('of a plugin’s hook name it', async () => {
    const error = (await failure(run({ mode: 'plugin' }))) as PluginError;
    expect([error.code, error.plugin, error.hook]).toEqual(['GW_PLUGIN_HOOK', 'failing', 'onBatchEnd']);
    expect(error.cause).toMatchObject({ code: 'GW_TEST_HOOK' });
  });

  it.each([
    ['exit', 'it ended with exit code 3'],
    ['uncaught', 'thrown aside'],
  ] as const)('a worker that dies is told: %s', async (mode, text) => {
    const error = await failure(run({ mode }));
    expect(error).toMatchObject({ code: 'GW_WORKER_DIED', message: expect.stringContaining(text) });
  });

  it('a module that is not there, and one that serves no training', async () => {
    const missing = pathToFileURL(join(folder, 'missing.mjs'));
    const code = 'GW_WORKER_DIED';
    expect(await failure(trainInWorker(missing))).toMatchObject({ code });
    const idle = join(folder, 'idle.mjs');
    writeFileSync(idle, 'export {};');
    expect(await failure(trainInWorker(pathToFileURL(idle)))).toMatchObject({
      code,
      message: expect.stringContaining('wanted it to call serveTraining'),
    });
    expect(await failure(run({ mode: 'none' }))).toMatchObject({ code: 'GW_WORKER_NO_TRAINING' });
  });

  it('options that cannot be cloned, a source that is none, a callback that throws', async () => {
    const options = { mode: () => 1 } as never;
    expect(await failure(run(options))).toMatchObject({ code: 'GW_WORKER_MESSAGE' });
    expect(await failure(trainInWorker(3 as never))).toMatchObject({ code: 'GW_WORKER_SOURCE' });
    const thrown = new Error('no such element');
    const onStep = () => {
      throw thrown;
    };
    expect(await failure(run({ mode: 'endless' }, { onStep }))).toBe(thrown);
  });

  it('serveTraining outside a worker', () => {
    expect(() => serveTraining(() => {})).toThrow('GW_WORKER_PLACE');
  });
});
