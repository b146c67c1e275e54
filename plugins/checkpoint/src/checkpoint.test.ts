import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { definePlugin } from '@gatewise/plugin';
import { train } from '@gatewise/trainer';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkpoint, checkpointModel, loadCheckpoint, readCheckpoint } from './index.js';
import { cause, checkpoints, files, load, run } from './test-support/countdown.js';

const root = mkdtempSync(join(tmpdir(), 'gatewise-checkpoint-'));
beforeAll(async () => {
  await tf.setBackend('cpu');
});
afterAll(() => rmSync(root, { recursive: true }));
let folders = 0;
const fresh = () => join(root, String(folders++));

describe('checkpoint', () => {
  it('keeps the last two and the best, three files each', async () => {
    const folder = fresh();
    await run([3, 1, 2, 4, 5], { folder });
    expect(checkpoints(folder)).toEqual([
      'step-000000004-epoch-2',
      'step-000000008-epoch-4',
      'step-000000010-epoch-5',
    ]);
    expect(files(folder).slice(0, 3)).toEqual(
      ['json', 'safetensors', 'sha256'].map((ending) => `step-000000004-epoch-2.${ending}`),
    );
    expect(await load(folder)).toMatchObject({ epochs: 5, steps: 10, weights: [-10, 90] });
    const monitored = { name: 'valLoss', value: 1, mode: 'min' };
    expect(await load(folder, 'best')).toEqual({ epochs: 2, steps: 4, monitored, weights: [-4, 96] });
  });

  it.each([
    [{ keepLast: 1, keepBest: 0 }, [10]],
    [{ keepLast: 1, keepBest: 2 }, [2, 4, 10]],
    [{ keepLast: 3, keepBest: 1 }, [4, 6, 8, 10]],
    [{ keepLast: 1, keepBest: 1, mode: 'max' as const }, [6, 10]],
    [{ keepLast: 1, keepBest: 1, monitor: 'loss', mode: 'max' as const }, [2, 10]],
  ])('%j: steps %j', async (options, steps) => {
    const folder = fresh();
    await run([2, 1, 4, 3, 3], { folder, ...options });
    expect(checkpoints(folder).map((name) => Number(/step-(\d+)/.exec(name)?.[1]))).toEqual(steps);
  });

  it('takes the training loss where nothing is validated, and compares the two never', async () => {
    const folder = fresh();
    await run([0, 0], { folder }, { validation: undefined as never });
    expect(await load(folder, 'best')).toMatchObject({ epochs: 2, monitored: { name: 'loss' } });
    const stopped = fresh();
    const stopper = definePlugin('stopper', () => ({
      onBatchEnd: (ctx) => {
        if (ctx.step === 3) ctx.stop('the time is up');
      },
    }));
    await run([3, 1], { folder: stopped }, { plugins: [stopper(undefined)] });
    expect(await load(stopped, 'best')).toMatchObject({
      epochs: 1,
      monitored: { name: 'valLoss', value: 3 },
    });
    // within the second epoch, which is not over
    expect(await load(stopped)).toMatchObject({ epochs: 1, steps: 3, monitored: null });
  });

  it('never takes NaN or infinity for the best', async () => {
    const folder = fresh();
    const odd = definePlugin('odd', () => ({
      onEpochEnd: (ctx) => ctx.report('score', [Number.NaN, 2, Number.NEGATIVE_INFINITY][ctx.epoch]!),
    }));
    await run([0, 0, 0], { folder, monitor: 'score' }, { plugins: [odd({})] });
    expect(await load(folder, 'best')).toMatchObject({ epochs: 2, monitored: { value: 2 } });
  });

  it('saves within an epoch, which a failure does not undo', async () => {
    const folder = fresh();
    const failing = definePlugin('failing', () => ({
      onBatchEnd: (ctx) => {
        if (ctx.step === 4) throw new Error('the power is gone');
      },
    }));
    const more = { plugins: [failing(undefined)] };
    await expect(run([3, 2, 1], { folder, everySteps: 3 }, more)).rejects.toThrow('the power is gone');
    expect(await load(folder)).toMatchObject({ epochs: 1, steps: 3, weights: [-3, 97] });
    expect(await load(folder, 'best')).toMatchObject({ epochs: 1, steps: 2 });
  });

  it('leaves no tensor behind', async () => {
    const folder = fresh();
    const before = tf.memory().numTensors;
    await run([5, 4, 3, 2, 1, 2, 3, 4, 5], { folder, everySteps: 1 });
    await run([5, 4, 3, 2, 1, 2, 3, 4, 5, 6], { folder, everySteps: 1, resume: 'best' });
    await load(folder);
    await expect(load(folder, 'last', 3)).rejects.toThrow('GW_CHECKPOINT_SHAPE');
    expect(tf.memory().numTensors).toBe(before);
  });

  it('is a layers model for tf.js to load, what is not trained in it too', async () => {
    const folder = fresh();
    const build = (name: string) =>
      tf.sequential({
        name,
        layers: [
          tf.layers.dense({ units: 1, inputShape: [1], name: 'head' }),
          tf.layers.batchNormalization({ name: 'norm' }),
        ],
      });
    const model = build('first');
    const optimizer = tf.train.sgd(0.1);
    const plugins = [checkpoint({ folder })];
    const options = { epochs: 2, optimizer, loss: 'meanSquaredError', plugins } as const;
    const x = () => tf.tensor2d([1, 2, 3, 4], [4, 1]);
    await train(model, () => [{ x: x(), y: tf.fill([4, 1], 3) }], options);
    const predict = (m: tf.LayersModel) => (m.predict(x()) as tf.Tensor).dataSync().join();
    expect(predict(await tf.loadLayersModel(checkpointModel(folder)))).toBe(predict(model));
    const again = build('second');
    const weights = Object.fromEntries(
      again.trainableWeights.map((w) => [w.originalName, w.read() as tf.Variable]),
    );
    await loadCheckpoint(folder, { weights });
    expect(predict(again)).not.toBe(predict(model));
    await expect(checkpointModel(await countdownFolder()).load?.()).rejects.toThrow(/^GW_CHECKPOINT_MODEL/);
  });

  const countdownFolder = async () => {
    const folder = fresh();
    await run([1], { folder });
    return folder;
  };

  it('refuses weights that are not there, or do not fit, and changes none', async () => {
    const folder = await countdownFolder();
    const b = tf.variable(tf.scalar(7));
    const extra = tf.variable(tf.scalar(0));
    await expect(loadCheckpoint(folder, { weights: { b, extra } })).rejects.toThrow(
      /^GW_CHECKPOINT_WEIGHTS: got no weight "extra" in ".*step-000000002-epoch-1", wanted one of w, b; build the model/,
    );
    expect((await b.data())[0]).toBe(7);
    await expect(load(folder, 'last', 3)).rejects.toThrow(
      /^GW_CHECKPOINT_SHAPE: got "w" \[2\] float32 in ".*epoch-1", wanted \[3\] float32; build the model with the sizes/,
    );
    await expect(readCheckpoint(fresh())).rejects.toThrow(/^GW_CHECKPOINT_MISSING: got no checkpoint in/);
    tf.dispose([b, extra]);
  });

  it('refuses a folder that holds another run, and touches nothing', async () => {
    const folder = await countdownFolder();
    const kept = fresh();
    cpSync(folder, kept, { recursive: true });
    expect(await cause(run([0, 0, 0], { folder }))).toMatch(
      /^GW_CHECKPOINT_FOLDER: got a folder ".*" that holds step-000000002-epoch-1 of another run.*resume: true/,
    );
    expect(files(folder)).toEqual(files(kept));
  });

  it('leaves other files in its folder alone', async () => {
    const folder = fresh();
    await run([1], { folder });
    writeFileSync(join(folder, 'notes.txt'), 'mine');
    writeFileSync(join(folder, 'step-1.json'), 'mine');
    await run([1, 2, 3, 4], { folder, resume: true });
    expect(files(folder)).toEqual(expect.arrayContaining(['notes.txt', 'step-1.json']));
  });

  it('fails the run with GW_CHECKPOINT_WRITE and keeps what was there', async () => {
    const folder = fresh();
    await run([1], { folder });
    // a folder is in the way of the next
    const way = join(folder, 'step-000000004-epoch-2.json');
    mkdirSync(join(way, 'deep'), { recursive: true });
    expect(await cause(run([1, 0], { folder, resume: true }))).toMatch(
      /^GW_CHECKPOINT_WRITE: got (EISDIR|EEXIST|EPERM|ENOTEMPTY) on writing ".*step-000000004-epoch-2"/,
    );
    expect(await load(folder)).toMatchObject({ steps: 2 });
  });
});

describe('options', () => {
  it('a monitor that is not in the logs is refused, but not in a run that was stopped before it was validated', async () => {
    const unknown =
      /^GW_CHECKPOINT_MONITOR: got no "accuracy" in the logs of an epoch, wanted one of loss, valLoss/;
    expect(await cause(run([1, 2], { folder: fresh(), monitor: 'accuracy' }))).toMatch(unknown);
    expect(await cause(run([1], { folder: fresh(), monitor: 'accuracy' }))).toMatch(unknown);
    const signal = AbortSignal.abort('the time is up');
    await run([1], { folder: fresh(), monitor: 'valLoss' }, { signal });
  });

  it.each([
    [{ folder: '' }, 'got folder "", wanted a path'],
    [{ folder: 'a', mode: 'up' as 'min' }, 'got mode "up", wanted "min" or "max"'],
    [{ folder: 'a', everySteps: 0 }, 'got everySteps 0, wanted a whole number, 1 or more'],
    [{ folder: 'a', keepLast: 0 }, 'got keepLast 0, wanted a whole number, 1 or more'],
    [{ folder: 'a', keepBest: -1 }, 'got keepBest -1, wanted a whole number, 0 or more'],
    [{ folder: 'a', resume: 'last' as 'best' }, 'got resume "last", wanted true, false or "best"'],
  ])('%j is refused', (options, message) => {
    expect(() => checkpoint(options)).toThrow(`GW_CHECKPOINT_OPTIONS: ${message}`);
  });
});
