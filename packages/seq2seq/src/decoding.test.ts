import '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { models, sharpen, sourcesOf, V } from '../test/models.js';
import { beam, type Decoded, greedy, type Seq2Seq, sample, seq2seq } from './index.js';

beforeAll(async () => void (await tf.setBackend('cpu')));
const lengths = [5, 2, 4];
const ids = (all: readonly Decoded[]) => all.map((one) => one.ids);

/** ln p of every output of at most `limit` symbols, the end counted, by one fused run of each. */
function everyOutput(model: Seq2Seq, x: tf.Tensor, limit: number): Decoded[] {
  const { end, start = end } = model.config.target;
  const symbols = [...Array(V).keys()].filter((v) => v !== end && v !== start);
  const grow = (prefix: number[]): { ids: number[]; ended: boolean }[] => [
    { ids: prefix, ended: prefix.length < limit },
    ...(prefix.length < limit ? symbols.flatMap((v) => grow([...prefix, v])) : []),
  ];
  return grow([]).map((one) => {
    const written = one.ended ? [...one.ids, end] : one.ids;
    const p = tf.tidy(() => {
      const z = model.decode(
        tf.tensor2d([[start, ...written.slice(0, -1)]], undefined, 'int32'),
        model.encode(x),
      );
      const never = tf.where(tf.equal(tf.range(0, V, 1, 'int32'), start === end ? -1 : start), -1e9, 0);
      return tf.logSoftmax(tf.add(z, never)).arraySync() as number[][][];
    });
    return { ...one, logProbability: written.reduce((sum, v, t) => sum + p[0]![t]![v]!, 0) };
  });
}

describe.each(Object.keys(models))('%s', (name) => {
  const made = models[name]!();
  beforeAll(() => sharpen(made));

  it('finds what brute force over all outputs finds, in a beam wide enough, at any length penalty', async () => {
    const x = sourcesOf(made, 1, 4);
    const limit = 3;
    const all = everyOutput(made, x, limit);
    for (const α of [0, 0.6, 2]) {
      const score = ({ ids, ended, logProbability }: Decoded) =>
        logProbability / ((5 + ids.length + Number(ended)) / 6) ** α;
      const wanted = [...all].sort((a, b) => score(b) - score(a)).slice(0, 5);
      const options = { width: V ** limit, count: 5, maxLength: limit, lengthPenalty: α };
      const [got] = await beam(made, { x }, options);
      expect(ids(got!)).toEqual(ids(wanted));
      got!.forEach((one, n) => {
        expect(one.logProbability).toBeCloseTo(wanted[n]!.logProbability, 4);
        expect(one.score).toBeCloseTo(score(wanted[n]!), 4);
      });
      const [first] = await beam(made, { x }, { ...options, count: 1 });
      expect(first![0]!.ids).toEqual(wanted[0]!.ids);
    }
  });

  it('with a beam of 1, or at temperature 0, is greedy; rows do not depend on each other, nor on padding', async () => {
    const x = sourcesOf(made);
    const options = { maxLength: 7 };
    const wanted = await greedy(made, { x, lengths }, options);
    expect((await beam(made, { x, lengths }, { ...options, width: 1 })).flat()).toMatchObject(wanted);
    expect((await sample(made, { x, lengths }, { ...options, seed: 1, temperature: 0 })).flat()).toEqual(
      wanted,
    );
    for (const [b, length] of lengths.entries()) {
      const alone = x.rank === 3 ? tf.slice(x, [b, 0, 0], [1, length, 2]) : tf.slice(x, [b, 0], [1, length]);
      const [one] = await greedy(made, { x: alone }, options);
      expect(one!.ids).toEqual(wanted[b]!.ids);
      expect(one!.logProbability).toBeCloseTo(wanted[b]!.logProbability, 4);
    }
  });

  it('draws as often as the model says, the same with the same seed', async () => {
    const x = sourcesOf(made, 1, 4);
    const all = everyOutput(made, x, 2);
    const options = { maxLength: 2, count: 3000, seed: 4 };
    const [drawn] = await sample(made, { x }, options);
    for (const { ids: wanted, ended, logProbability } of all) {
      const same = drawn!.filter((one) => one.ended === ended && one.ids.join() === wanted.join());
      expect(Math.abs(same.length / 3000 - Math.exp(logProbability))).toBeLessThan(0.04);
    }
    const few = await sample(made, { x }, { ...options, count: 9 });
    expect(few[0]).toEqual(drawn!.slice(0, 9));
    const top = await sample(made, { x }, { ...options, count: 50, topK: 1 });
    expect(new Set(top[0]!.map((one) => one.ids.join()))).toEqual(
      new Set([ids(await greedy(made, { x }, options)).join()]),
    );
  });

  it('says where attention looked, and leaves no tensor behind', async () => {
    const x = sourcesOf(made);
    const before = tf.memory().numTensors;
    const [first, second] = await greedy(made, { x, lengths }, { maxLength: 6, alignments: true });
    const [[best] = []] = await beam(made, { x, lengths }, { width: 3, maxLength: 6, alignments: true });
    await sample(made, { x, lengths }, { maxLength: 6, seed: 1, count: 2 });
    expect(tf.memory().numTensors).toBe(before);
    for (const one of [first!, best!]) {
      if (!made.config.attention) expect(one.alignment).toBeUndefined();
      else expect(one.alignment).toHaveLength(one.ids.length + Number(one.ended));
      for (const a of one.alignment ?? []) expect(a.reduce((p, q) => p + q)).toBeCloseTo(1, 4);
    }
    for (const a of second!.alignment ?? []) expect(a.slice(2)).toEqual([0, 0, 0]);
  });
});

describe('the end', () => {
  const watched = () => {
    const model = models['vectors, no attention']!();
    const step = vi.spyOn(model.config.decoder, 'sequence');
    return { model, step };
  };

  it('of all rows ends decoding, and rows that ended are computed no further', async () => {
    const { model, step } = watched();
    sharpen(model);
    model.weights['head/bias']!.assign(tf.tensor1d([0.5, 0, 0, 0, 0]));
    const x = sourcesOf(model, 12, 5, 3);
    const all = await greedy(model, { x }, { maxLength: 40 });
    const symbols = all.map((one) => one.ids.length + Number(one.ended));
    const rows = step.mock.calls.map(([input]) => input.shape[0]);
    const longest = Math.max(...symbols);
    expect(rows).toEqual(Array.from({ length: longest }, (_, t) => symbols.filter((n) => n > t).length));
    expect(new Set(symbols).size).toBeGreaterThan(1);
  });

  it('that is certain at once takes one step', async () => {
    const { model, step } = watched();
    model.weights['head/bias']!.assign(tf.tensor1d([50, 0, 0, 0, 0]));
    const x = sourcesOf(model);
    expect(ids(await greedy(model, { x }))).toEqual([[], [], []]);
    expect(step).toHaveBeenCalledTimes(1);
    step.mockClear();
    const [best] = await beam(model, { x }, { width: 3 });
    expect(best).toMatchObject([{ ids: [], ended: true }]);
    // others of the beam still grew when it was won
    expect(step).toHaveBeenCalledTimes(1);
  });
});

it('says what is wrong', async () => {
  const model = models['gru, dot attention']!();
  const x = sourcesOf(model);
  const code = (running: Promise<unknown>) => expect(running).rejects;
  await code(beam(model, { x }, { width: 0 })).toThrow(/GW_SEQ2SEQ_OPTION.*width/);
  await code(beam(model, { x }, { width: 2, count: 3 })).toThrow(/GW_SEQ2SEQ_OPTION.*count/);
  await code(beam(model, { x }, { width: 2, lengthPenalty: -1 })).toThrow(/GW_SEQ2SEQ_OPTION/);
  await code(greedy(model, { x }, { maxLength: 1.5 })).toThrow(/GW_SEQ2SEQ_OPTION/);
  await code(greedy(model, { x, lengths: [1, 2] })).toThrow(/GW_OP_LENGTHS/);
  await code(sample(model, { x }, { seed: 1, topP: 2 })).toThrow(/GW_DRAW_OPTION/);
  model.weights['head/bias']!.assign(tf.fill([V], Number.NaN));
  const before = tf.memory().numTensors;
  await code(greedy(model, { x })).toThrow(/GW_SEQ2SEQ_LOGITS/);
  expect(tf.memory().numTensors).toBe(before);
  const { encoder, decoder, target } = model.config;
  expect(() => seq2seq({ encoder, decoder: encoder, target })).toThrow(/GW_SEQ2SEQ_CONFIG/);
  expect(() => seq2seq({ encoder, decoder, target: { ...target, end: V } })).toThrow(
    /GW_SEQ2SEQ_CONFIG.*end/,
  );
  expect(() => seq2seq({ encoder, decoder, target })).toThrow(/GW_SEQ2SEQ_CONFIG.*encoder/);
});
