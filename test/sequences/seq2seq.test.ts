import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useBackend } from '@gatewise/backends';
import { padded, pairs } from '@gatewise/data';
import { adam } from '@gatewise/optimisers';
import { checkpoint, checkpointModel } from '@gatewise/plugin-checkpoint';
import { additiveAttention, greedy, loadSeq2Seq, seq2seq, teacherForcing } from '@gatewise/seq2seq';
import { softmaxCrossEntropy, train } from '@gatewise/trainer';
import { expect, it } from 'vitest';
import { withNative } from '../engines/with-native.js';
import { onBackend } from '../on-backend.js';
import { data, learn, make, seq2seqSuite, words } from './seq2seq-suite.js';

withNative(() => seq2seqSuite('cpu', 'native'));
seq2seqSuite('cpu', 'wasm');
seq2seqSuite('wasm', 'wasm');
onBackend('node', () => seq2seqSuite('node', 'wasm'));

it('is the same with the same seed, bit for bit, and another with another', async () => {
  await useBackend('cpu');
  const run = (seed: number) => learn(make(), 2, seed);
  const first = await run(1);
  expect(await run(1)).toEqual(first);
  expect(await run(2)).not.toEqual(first);
});

it('shows metrics what it wrote; a checkpoint of it is a model again', async () => {
  await useBackend('cpu');
  const folder = mkdtempSync(join(tmpdir(), 'gatewise-seq2seq-'));
  const model = make();
  const optimizer = adam({ learningRate: 0.02 });
  const { history } = await train(
    teacherForcing(model, { loss: softmaxCrossEntropy }),
    pairs(data, { batch: 20, seed: 1 }),
    { epochs: 6, optimizer, metrics: ['accuracy'], plugins: [checkpoint({ folder })] },
  );
  const [first, last] = [history[0]!, history.at(-1)!];
  expect(last.accuracy!).toBeGreaterThan(first.accuracy!);
  const sources = padded(words);
  const loaded = await loadSeq2Seq(checkpointModel(folder));
  expect(await greedy(loaded, sources)).toEqual(await greedy(model, sources));
  rmSync(folder, { recursive: true });
});

it('trains with additive attention too', async () => {
  await useBackend('cpu');
  const { config } = make();
  const model = seq2seq({ ...config, attention: additiveAttention({ units: 12, seed: 3 }) });
  const losses = await learn(model, 8);
  expect(losses.at(-1)!).toBeLessThan(0.75 * losses[0]!);
});
