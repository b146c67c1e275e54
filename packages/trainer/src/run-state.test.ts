import '@tensorflow/tfjs';
import { adam, adamw, momentum, type WeightChoice } from '@gatewise/optimisers';
import { definePlugin, type RunSnapshot, type RunState, Tokens } from '@gatewise/plugin';
import * as tf from '@tensorflow/tfjs-core';
import { Container } from 'inversify';
import { beforeAll, describe, expect, it } from 'vitest';
import { failure, line, plugin, points, readLine } from '../test/fixtures.js';
import { train } from './index.js';
import type { TrainOptions } from './train-options.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** Calls `at` with the run's state, and the step, wherever the run is at rest. */
const saver = (at: (run: RunState, step: number, after: string) => Promise<void>) =>
  definePlugin('saver', (_: object, run) => ({ onSavePoint: ({ step, after }) => at(run, step, after) }), [
    Tokens.RunState,
  ])({});
const restorer = (snapshot: RunSnapshot) =>
  definePlugin('saver', (_: object, run) => ({ onRestore: () => run.restore(snapshot) }), [Tokens.RunState])(
    {},
  );

function listening() {
  const said: string[] = [];
  const container = new Container();
  const add = (message: string) => void said.push(message);
  container.bind(Tokens.Logger).toConstantValue({ info: add, warn: add });
  return { said, container };
}

interface Run {
  readonly optimizer: () => tf.Optimizer;
  readonly options?: Partial<TrainOptions>;
}
const options = { epochs: 3, validation: points(2), interruptible: false } as const;

/** Three epochs of four steps; the run as it stood after a step. */
async function whole({ optimizer, options: more }: Run, at: number) {
  let kept: RunSnapshot | undefined;
  const keep = saver(async (run, step, after) => {
    if (step === at && after === 'step') kept = await run.save();
  });
  const model = line();
  const result = await train(model, points(4), {
    ...options,
    ...more,
    optimizer: optimizer(),
    plugins: [...(more?.plugins ?? []), keep],
  } as TrainOptions);
  return { kept: kept as RunSnapshot, result, weights: await readLine(model) };
}
async function goOn(kept: RunSnapshot, { optimizer, options: more }: Run) {
  const { said, container } = listening();
  const model = line();
  const result = await train(model, points(4), {
    ...options,
    container,
    ...more,
    optimizer: optimizer(),
    plugins: [...(more?.plugins ?? []), restorer(kept)],
  } as TrainOptions);
  return { said, result, weights: await readLine(model) };
}

const grouped = (group: { weights: WeightChoice; learningRate?: number; weightDecay?: number }) =>
  adamw({ learningRate: 0.05, groups: [group] });
const optimizers: [string, () => tf.Optimizer][] = [
  ['adam', () => adam({ learningRate: 0.05 })],
  ['momentum', () => momentum({ learningRate: 0.05 })],
  ['adamw in groups', () => grouped({ weights: 'w', learningRate: 0.01, weightDecay: 0.5 })],
  ['tf.train.sgd', () => tf.train.sgd(0.05)],
  ['tf.train.momentum', () => tf.train.momentum(0.05, 0.9)],
  ['tf.train.rmsprop', () => tf.train.rmsprop(0.05, 0.9, 0.5)],
  ['tf.train.adagrad', () => tf.train.adagrad(0.05)],
  ['tf.train.adadelta', () => tf.train.adadelta(0.5)],
];

describe('a run that goes on', () => {
  it.each(optimizers)('%s: to the same bits, from every step', async (_, optimizer) => {
    for (const at of [1, 4, 6, 11]) {
      const { kept, ...first } = await whole({ optimizer }, at);
      const again = await goOn(kept, { optimizer });
      expect(again).toEqual({ said: [], ...first });
    }
  });

  it('tf.train.adam: nearly, and it says why; Adamax begins its moments anew', async () => {
    const adamOf = { optimizer: () => tf.train.adam(0.05) };
    const { kept, weights } = await whole(adamOf, 6);
    const again = await goOn(kept, adamOf);
    expect(again.weights[0]).toBeCloseTo(weights[0], 4);
    expect(again.said).toEqual([
      'the optimizer Adam does not go on exactly: it computes the powers of β anew from the number of steps, which ' +
        'differ in the last bits; adam of @gatewise/optimisers does',
    ]);
    const adamax = { optimizer: () => tf.train.adamax(0.05) };
    const { said } = await goOn((await whole(adamax, 6)).kept, adamax);
    expect(said[0]).toMatch(/^the optimizer Adamax does not go on exactly: it does not give its moments/);
  });

  it('names the slots after the weights, whatever tf.js calls the variables', async () => {
    const run = { optimizer: () => adam({ learningRate: 0.05 }) };
    const { kept } = await whole(run, 6);
    const slots = Object.keys(kept.tensors).filter((name) => name.startsWith('optimizer/'));
    expect(slots).toEqual(['iter', 'w/m', 'b/m', 'w/v', 'b/v'].map((name) => `optimizer/${name}`));
  });

  it('with the learning rate that was set on the way', async () => {
    const run = { optimizer: () => momentum({ learningRate: 0.05 }) };
    const slow = plugin('slow', { provideLearningRate: ({ step }) => (step === 2 ? 0.01 : undefined) });
    const { kept, weights } = await whole({ ...run, options: { plugins: [slow] } }, 6);
    expect((await goOn(kept, { ...run, options: { plugins: [slow] } })).weights).toEqual(weights);
  });

  it('skips what the source has had, where it cannot begin there', async () => {
    const run = { optimizer: () => tf.train.sgd(0.05) };
    const { kept } = await whole(run, 6);
    const asked: number[][] = [];
    const source = Object.assign((_: number) => points(4)(), {
      seek(epoch: number, from: number) {
        asked.push([epoch, from]);
        return [...points(4)()].slice(from);
      },
    });
    const model = line();
    await train(model, source, { ...options, optimizer: run.optimizer(), plugins: [restorer(kept)] });
    expect(asked).toEqual([[1, 2]]);
    expect(await readLine(model)).toEqual((await whole(run, 6)).weights);
  });

  it('leaves no tensor more behind than any run', async () => {
    const run = { optimizer: () => tf.train.sgd(0.05) };
    const { kept } = await whole(run, 6);
    const left = async (body: () => Promise<unknown>) => {
      const before = tf.memory().numTensors;
      await body();
      return tf.memory().numTensors - before;
    };
    // the weights of the line, and what tf.train.sgd holds
    expect(await left(() => goOn(kept, run))).toBe(await left(() => whole(run, 6)));
  });
});

describe('says what is not the same', () => {
  const run = { optimizer: () => tf.train.sgd(0.05) };

  it('the engine, by name', async () => {
    const { kept } = await whole(run, 6);
    const engine = { backend: 'cpu', recurrence: 'native', kernels: 'native' };
    const { said } = await goOn({ ...kept, state: { ...kept.state, engine } }, run);
    expect(said).toEqual([
      'the run was saved with the engine "native" on "cpu" with kernels of "native" and goes on with "ops" on "cpu": not to the same bits',
    ]);
  });

  it('plugins that have gone or come', async () => {
    const state = { saveState: () => 1, loadState: () => {} };
    const [old, fresh] = [plugin('old', state), plugin('fresh', { ...state, onBatchEnd: () => {} })];
    const { kept } = await whole({ ...run, options: { plugins: [old] } }, 6);
    const { said } = await goOn(kept, { ...run, options: { plugins: [fresh] } });
    expect(said).toEqual([
      'the run was saved with the plugin "old" and goes on without it',
      'the run was saved without the plugin "fresh", which begins here',
    ]);
  });

  it.each([
    [{ optimizer: () => tf.train.sgd(0.1) }, 'GW_RESUME_OPTIMIZER'],
    [{ optimizer: () => tf.train.momentum(0.05, 0.9) }, 'GW_RESUME_OPTIMIZER'],
    [{ ...run, options: { seed: 1 } }, 'GW_RESUME_OPTIONS'],
  ])('refuses another run: %#', async (other, code) => {
    const { kept } = await whole(run, 6);
    expect((await failure(goOn(kept, other))).cause).toMatchObject({ code });
  });

  it('refuses other groups of weights, and takes the same ones chosen in another way', async () => {
    const { kept, ...first } = await whole(
      { optimizer: () => grouped({ weights: 'w', learningRate: 0.01 }) },
      6,
    );
    const goOnWith = (group: Parameters<typeof grouped>[0]) =>
      goOn(kept, { optimizer: () => grouped(group) });
    expect(await goOnWith({ weights: /^w$/, learningRate: 0.01 })).toEqual({ said: [], ...first });
    for (const other of [
      { weights: /./, learningRate: 0.01 },
      { weights: 'w', learningRate: 0.02 },
      { weights: 'w', learningRate: 0.01, weightDecay: 0 },
    ]) {
      expect((await failure(goOnWith(other))).cause).toMatchObject({ code: 'GW_RESUME_OPTIMIZER' });
    }
    const optimizer = adamw({ learningRate: 0.05 });
    expect((await failure(goOn(kept, { optimizer: () => optimizer }))).cause).toMatchObject({
      code: 'GW_RESUME_OPTIMIZER',
      message: expect.stringContaining('got optimizer.options.groups absent'),
    });
  });

  it('refuses what is no snapshot', async () => {
    const { kept } = await whole(run, 6);
    const bad = { ...kept, state: { ...kept.state, position: { epoch: -1 } } };
    expect((await failure(goOn(bad, run))).cause).toMatchObject({
      code: 'GW_RESUME_STATE',
      message: expect.stringContaining('whose position is not as save() writes it'),
    });
    const { 'model/w': _, ...tensors } = kept.tensors;
    expect((await failure(goOn({ ...kept, tensors }, run))).cause).toMatchObject({ code: 'GW_RESUME_MODEL' });
  });
});

describe('when a run may be saved', () => {
  it('not in the middle of a step, nor restored once it has begun', async () => {
    const early = definePlugin(
      'early',
      (hook: 'onBatchEnd' | 'onTrainBegin', run) => ({
        [hook]: () => (hook === 'onBatchEnd' ? run.save() : run.restore({ state: {}, tensors: {} })),
      }),
      [Tokens.RunState],
    );
    for (const hook of ['onBatchEnd', 'onTrainBegin'] as const) {
      const optimizer = tf.train.sgd(0.1);
      const running = train(line(), points(2), { ...options, optimizer, plugins: [early(hook)] });
      expect((await failure(running)).cause).toMatchObject({ code: 'GW_TRAIN_STATE' });
    }
  });

  it('not when its loss is no number', async () => {
    const model = line(Number.MAX_VALUE, 0);
    const keep = saver(async (run) => void (await run.save()));
    const running = train(model, points(2), { ...options, optimizer: tf.train.sgd(0.1), plugins: [keep] });
    expect((await failure(running)).cause).toMatchObject({ code: 'GW_TRAIN_NONFINITE' });
  });
});
