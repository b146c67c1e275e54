import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { definePlugin, type Json, type Trainable } from '@gatewise/plugin';
import { type TrainOptions, train } from '@gatewise/trainer';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeFolder } from './folder.js';
import { type CheckpointOptions, checkpoint, loadCheckpoint, modelFolder, readCheckpoint } from './index.js';
import { modelFiles } from './model-folder.js';

const root = mkdtempSync(join(tmpdir(), 'gatewise-checkpoint-'));
beforeAll(async () => {
  await tf.setBackend('cpu');
});
afterAll(() => rmSync(root, { recursive: true }));
let folders = 0;
const fresh = () => join(root, String(folders++));
const files = (folder: string) => readdirSync(folder).sort();

/** Each step takes 1 from w [2] and b; the validation loss is what the targets say. */
function countdown(size = 2) {
  const w = tf.tidy(() => tf.variable(tf.zeros([size])));
  const b = tf.tidy(() => tf.variable(tf.scalar(100)));
  const model: Trainable = {
    name: 'countdown',
    weights: { w, b },
    loss: ({ y }, training) => (training ? tf.add(tf.sum(w), b) : tf.mean(y)),
  };
  const read = async () => [(await w.data())[0], (await b.data())[0]];
  return { model, read, dispose: () => tf.dispose([w, b]) };
}
const batch = (target = 0) => ({ x: tf.zeros([1, 1]), y: tf.fill([1, 1], target) });
const twice = () => [batch(), batch()];

/** Two steps an epoch; the validation loss of each epoch is given. */
async function run(
  valLosses: readonly number[],
  options: CheckpointOptions,
  more: Partial<TrainOptions> = {},
  size = 2,
) {
  const { model, read, dispose } = countdown(size);
  const optimizer = tf.train.sgd(1);
  const validation = (epoch: number) => [batch(valLosses[epoch])];
  const plugins = [...(more.plugins ?? []), checkpoint(options)];
  try {
    await train(model, twice, { epochs: valLosses.length, optimizer, validation, ...more, plugins });
    return await read();
  } finally {
    optimizer.dispose();
    dispose();
  }
}
async function load(folder: string, size = 2) {
  const { model, read, dispose } = countdown(size);
  try {
    const { epoch, step, best } = await loadCheckpoint(folder, model);
    return { epoch, step, best, weights: await read() };
  } finally {
    dispose();
  }
}
const cause = async (running: Promise<unknown>) => {
  const error = await running.then(
    () => undefined,
    (e: Error) => e,
  );
  return String((error?.cause as Error | undefined)?.message ?? error);
};

describe('checkpoint', () => {
  it('keeps the last and the best, by weight name where a model cannot save itself', async () => {
    const folder = fresh();
    await run([3, 1, 2], { folder });
    expect(files(folder)).toEqual(['best', 'last']);
    expect(files(join(folder, 'last'))).toEqual(['SHA256SUMS', 'model.json', 'training.json', 'weights.bin']);
    const best = { monitor: 'valLoss', value: 1 };
    expect(await load(join(folder, 'last'))).toEqual({ epoch: 2, step: 6, best, weights: [-6, 94] });
    expect(await load(join(folder, 'best'))).toEqual({ epoch: 1, step: 4, best, weights: [-4, 96] });
  });

  it('goes upwards in mode max, and by any number', async () => {
    const folder = fresh();
    await run([3, 1, 4, 2], { folder, mode: 'max' });
    expect(await load(join(folder, 'best'))).toMatchObject({ epoch: 2, best: { value: 4 } });
    const byLoss = fresh();
    await run([3, 1, 2], { folder: byLoss, monitor: 'loss', mode: 'max' });
    expect(await load(join(byLoss, 'best'))).toMatchObject({ epoch: 0, best: { monitor: 'loss' } });
  });

  it('takes the training loss where nothing is validated, and compares the two never', async () => {
    const folder = fresh();
    await run([0, 0], { folder }, { validation: undefined as never });
    expect(await load(join(folder, 'best'))).toMatchObject({ epoch: 1, best: { monitor: 'loss' } });
    const stopped = fresh();
    const stopper = definePlugin('stopper', () => ({
      onBatchEnd: (ctx) => {
        if (ctx.step === 3) ctx.stop('the time is up');
      },
    }));
    await run([3, 1], { folder: stopped }, { plugins: [stopper(undefined)] });
    expect(await load(join(stopped, 'best'))).toMatchObject({
      epoch: 0,
      best: { monitor: 'valLoss', value: 3 },
    });
    expect(await load(join(stopped, 'last'))).toMatchObject({ epoch: 1, step: 3 });
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
    expect(await load(join(folder, 'last'))).toMatchObject({ epoch: 1, step: 3, weights: [-3, 97] });
    expect(await load(join(folder, 'best'))).toMatchObject({ epoch: 0, step: 2 });
  });

  it('leaves no tensor behind', async () => {
    const folder = fresh();
    const before = tf.memory().numTensors;
    await run([5, 4, 3, 2, 1, 2, 3, 4, 5], { folder, everySteps: 1 });
    await run([5, 4], { folder, resume: 'best' });
    await load(join(folder, 'last'));
    await expect(load(join(folder, 'last'), 3)).rejects.toThrow('GW_CHECKPOINT_SHAPE');
    expect(tf.memory().numTensors).toBe(before);
  });

  it('saves a layers model in tf.js’ own layout', async () => {
    const folder = fresh();
    const build = (name: string) =>
      tf.sequential({ name, layers: [tf.layers.dense({ units: 1, inputShape: [1], name: 'head' })] });
    const model = build('first');
    const optimizer = tf.train.sgd(0.1);
    const options = {
      epochs: 2,
      optimizer,
      loss: 'meanSquaredError',
      plugins: [checkpoint({ folder })],
    } as const;
    await train(model, () => [{ x: tf.ones([4, 1]), y: tf.fill([4, 1], 3) }], options);
    const predict = (m: tf.LayersModel) => (m.predict(tf.ones([1, 1])) as tf.Tensor).dataSync()[0];
    expect(predict(await tf.loadLayersModel(modelFolder(join(folder, 'last'))))).toBe(predict(model));
    const again = build('second');
    const weights = Object.fromEntries(
      again.trainableWeights.map((w) => [w.originalName, w.read() as tf.Variable]),
    );
    await loadCheckpoint(join(folder, 'last'), { weights });
    expect(predict(again)).toBe(predict(model));
  });
});

describe('resume', () => {
  const counter = definePlugin('counter', (seen: { counts: number[] }) => {
    let count = 0;
    return {
      onBatchEnd: () => {
        seen.counts.push(++count);
      },
      saveState: () => count,
      loadState: (state: Json) => {
        count = state as number;
      },
    };
  });

  it('puts weights and the states of plugins back, its own too', async () => {
    const folder = fresh();
    const first = { counts: [] as number[] };
    await run([3, 1], { folder }, { plugins: [counter(first)] });
    const second = { counts: [] as number[] };
    const weights = await run([2, 4], { folder, resume: 'last' }, { plugins: [counter(second)] });
    expect(first.counts).toEqual([1, 2, 3, 4]);
    expect(second.counts).toEqual([5, 6, 7, 8]);
    expect(weights).toEqual([-8, 92]);
    // Neither 2 nor 4 is better than the 1 of before.
    expect(await load(join(folder, 'best'))).toMatchObject({ weights: [-4, 96], best: { value: 1 } });
  });

  it('refuses what is not there, or does not fit', async () => {
    const folder = fresh();
    expect(await cause(run([1], { folder, resume: 'last' }))).toMatch(
      /^GW_CHECKPOINT_MISSING: got no model.json/,
    );
    await run([1], { folder });
    expect(await cause(run([1], { folder, resume: 'last' }, {}, 3))).toMatch(
      /^GW_CHECKPOINT_SHAPE: got "w" \[2\] float32 in ".*last", wanted \[3\] float32; build the model with the sizes/,
    );
    expect(await load(join(folder, 'last'))).toMatchObject({ weights: [-2, 98] });
    const other = { weights: { v: tf.variable(tf.scalar(0)) } };
    await expect(loadCheckpoint(join(folder, 'last'), other)).rejects.toThrow(
      /GW_CHECKPOINT_WEIGHTS: got no weight "v" in ".*last", wanted one of w, b; build the model/,
    );
  });

  it('changes no weight unless all fit', async () => {
    const folder = fresh();
    await run([1], { folder });
    const { model, read, dispose } = countdown();
    const weights = { b: model.weights.b, extra: tf.variable(tf.scalar(0)) } as Record<string, tf.Variable>;
    await expect(loadCheckpoint(join(folder, 'last'), { weights })).rejects.toThrow('GW_CHECKPOINT_WEIGHTS');
    expect(await read()).toEqual([0, 100]);
    dispose();
  });
});

describe('what is damaged, or cannot be written', () => {
  it.each([
    ['training.json', /CORRUPT: got other bytes than were saved.*training.json".*there is ".*best"$/],
    ['weights.bin', /CORRUPT: got other bytes than were saved.*weights.bin".*there is ".*best"$/],
    ['SHA256SUMS', /CORRUPT: got the line "x" in ".*SHA256SUMS"/],
  ])('%s', async (file, message) => {
    const folder = fresh();
    await run([1], { folder });
    writeFileSync(join(folder, 'last', file), 'x');
    await expect(readCheckpoint(join(folder, 'last'))).rejects.toThrow(message);
    expect(await load(join(folder, 'best'))).toMatchObject({ step: 2 });
  });

  it.each([
    ['SHA256SUMS', /CORRUPT: got no such file in ".*SHA256SUMS"/],
    ['training.json', /CORRUPT: got no such file in ".*training.json"/],
  ])('no %s', async (file, message) => {
    const folder = fresh();
    await run([1], { folder });
    rmSync(join(folder, 'last', file));
    await expect(readCheckpoint(join(folder, 'last'))).rejects.toThrow(message);
  });

  it.each([
    ['{"format":"other/2"}', 'got format "other/2" in'],
    ['{"format":"gatewise-checkpoint/1","epoch":1}', 'got format "gatewise-checkpoint/1" in'],
    ['{', 'got 1 bytes that are no JSON in'],
  ])('a training.json of %s, though its checksum is right', async (text, message) => {
    const folder = fresh();
    await run([1], { folder });
    const { artifacts } = await readCheckpoint(join(folder, 'last'));
    const training = new TextEncoder().encode(text);
    await writeFolder(join(folder, 'last'), { ...modelFiles(artifacts), 'training.json': training });
    await expect(readCheckpoint(join(folder, 'last'))).rejects.toThrow(`GW_CHECKPOINT_CORRUPT: ${message}`);
  });

  it('fails the run with GW_CHECKPOINT_WRITE and keeps what was there', async () => {
    const folder = fresh();
    await run([1], { folder });
    const kept = fresh();
    cpSync(join(folder, 'last'), join(kept, 'last'), { recursive: true });
    // `best` is in the way: a file.
    writeFileSync(join(kept, 'best'), '');
    expect(await cause(run([0], { folder: kept }))).toMatch(
      /^GW_CHECKPOINT_WRITE: got ENOTDIR on writing ".*best"/,
    );
    expect(await load(join(kept, 'last'))).toMatchObject({ step: 2 });
    expect(readFileSync(join(kept, 'best'), 'utf8')).toBe('');
  });

  it('is refused in a folder with other files', async () => {
    const folder = fresh();
    await run([1], { folder });
    writeFileSync(join(folder, 'last', 'notes.txt'), 'mine');
    expect(await cause(run([1], { folder }))).toMatch(/^GW_CHECKPOINT_FOLDER: .*notes.txt/);
    expect(existsSync(join(folder, 'last', 'notes.txt'))).toBe(true);
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
    [{ folder: 'a', resume: 'first' as 'last' }, 'got resume "first", wanted "last" or "best"'],
  ])('%j is refused', (options, message) => {
    expect(() => checkpoint(options)).toThrow(`GW_CHECKPOINT_OPTIONS: ${message}`);
  });
});
