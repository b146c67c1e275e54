import { type ConcreteBackend, useBackend } from '@gatewise/backends';
import { padded, pairs } from '@gatewise/data';
import { bidirectional, gru } from '@gatewise/layers';
import { adam } from '@gatewise/optimisers';
import { dropout } from '@gatewise/plugin-dropout';
import { type Engine, engines, registerEngine } from '@gatewise/recurrence';
import {
  beam,
  type Decoded,
  generalAttention,
  greedy,
  linearTruth,
  type Seq2Seq,
  sample,
  seq2seq,
  teacherForcing,
} from '@gatewise/seq2seq';
import { evaluate, softmaxCrossEntropy, train } from '@gatewise/trainer';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** Words of 1 to 5 symbols, to be written backwards. */
export const words = Array.from({ length: 60 }, (_, n) =>
  Int32Array.from({ length: 1 + (n % 5) }, (_, t) => 1 + (((n * 7 + 3) >> t) % 4)),
);
const backwards = words.map((word) => [...word].reverse());
export const data = { x: words, y: backwards, end: 0 };
const ids = (all: readonly Decoded[]) => all.map((one) => one.ids);

export function make(): Seq2Seq {
  return seq2seq({
    ...{ source: { symbols: 5, width: 8 }, target: { symbols: 5, width: 8, end: 0 } },
    encoder: bidirectional({ cell: 'gru', units: 16, seed: 1, name: 'reader' }),
    decoder: gru({ units: 24, seed: 2, name: 'writer' }),
    attention: generalAttention({ seed: 3 }),
  });
}

export async function learn(model: Seq2Seq, epochs: number, seed = 1) {
  const optimizer = adam({ learningRate: 0.02 });
  const truth = linearTruth({ to: 0.8, steps: 40 });
  const { history } = await train(
    teacherForcing(model, { loss: softmaxCrossEntropy, truth }),
    pairs(data, { batch: 20, seed: 1 }),
    { ...{ epochs, optimizer, seed }, plugins: [dropout({ input: 0.05 })] },
  );
  optimizer.dispose();
  return history.map(({ loss }) => loss!);
}

/** Puts one engine first on a backend; gives what undoes it. */
function prefer(name: string, backend: string): () => void {
  const others: Engine[] = engines(backend).filter((engine) => engine.name !== name && engine.name !== 'ops');
  for (const engine of others) registerEngine({ ...engine, priority: -1 });
  expect(engines(backend)[0]!.name).toBe(name);
  return () => others.forEach(registerEngine);
}

/** Training and decoding on a backend, by one of its engines. */
export function seq2seqSuite(backend: ConcreteBackend, engine: string): void {
  describe(`seq2seq on ${backend}, engine ${engine}`, () => {
    let undo = () => {};
    beforeAll(async () => {
      await useBackend(backend);
      undo = prefer(engine, tf.getBackend());
    });
    afterAll(() => undo());

    it('learns to write words backwards, with embeddings, attention and scheduled sampling, and leaks nothing', async () => {
      const before = tf.memory().numTensors;
      const model = make();
      const table = model.weights['source/embeddings']!;
      const start = await table.data();
      const losses = await learn(model, 22);
      expect(losses.at(-1)!).toBeLessThan(0.35 * losses[0]!);
      const moved = (await table.data()).map((v, n) => Math.abs(v - start[n]!));
      // every symbol's row but the one that is padding alone
      for (let v = 1; v < 5; v++) expect(Math.max(...moved.slice(8 * v, 8 * v + 8))).toBeGreaterThan(0.01);
      expect(Math.max(...moved.slice(0, 8))).toBe(0);
      const sources = padded(words);
      const [easy, wide] = [await greedy(model, sources), await beam(model, sources, { width: 4 })];
      const right = (all: readonly Decoded[]) =>
        ids(all).filter((one, n) => one.join() === backwards[n]!.join()).length / words.length;
      expect(right(easy)).toBeGreaterThan(0.8);
      expect(right(wide.map(([best]) => best!))).toBeGreaterThanOrEqual(right(easy) - 0.05);
      const drawn = () => sample(model, sources, { seed: 1, temperature: 0.7, topK: 3, topP: 0.9 });
      expect(await drawn()).toEqual(await drawn());
      const batches = () => pairs(data, { batch: 60 })(0);
      const held = await evaluate(teacherForcing(model, { loss: softmaxCrossEntropy }), batches());
      expect(held).toBeLessThan(0.4);
      sources.x.dispose();
      model.dispose();
      expect(tf.memory().numTensors).toBe(before);
    });
  });
}
