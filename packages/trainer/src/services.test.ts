import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Random, random } from '@gatewise/core';
import { type Clock, definePlugin, type Logger, memoryStore, type Store, Tokens } from '@gatewise/plugin';
import * as tf from '@tensorflow/tfjs';
import { Container } from 'inversify';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { train } from './train.js';

const root = mkdtempSync(join(tmpdir(), 'gatewise-services-'));
afterAll(() => rmSync(root, { recursive: true }));
beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** Writes a note with every service. */
const notes = definePlugin(
  'notes',
  (file: string, store: Store, clock: Clock, logger: Logger, draws: Random) => ({
    async onTrainEnd() {
      logger.info('noted');
      const note = JSON.stringify({ now: clock.now(), draw: draws.u32() });
      await store.write(file, new TextEncoder().encode(note));
    },
  }),
  [Tokens.Store, Tokens.Clock, Tokens.Logger, Tokens.Random],
);

async function runWith(file: string, container?: Container) {
  const w = tf.variable(tf.scalar(1));
  const model = { name: 'one', weights: { w }, loss: () => tf.square(w) as tf.Scalar };
  const optimizer = tf.train.sgd(0.1);
  const batches = () => [{ x: tf.zeros([1, 1]), y: tf.zeros([1, 1]) }];
  await train(model, batches, {
    epochs: 1,
    seed: 3,
    optimizer,
    plugins: [notes(file)],
    ...(container && { container }),
  });
  tf.dispose(w);
}

it('are the machine’s own where the caller binds none', async () => {
  const info = vi.spyOn(console, 'info').mockImplementation(() => {});
  const before = Date.now();
  await runWith(join(root, 'note.json'));
  expect(info.mock.calls).toEqual([['gatewise: noted']]);
  info.mockRestore();
  const note = JSON.parse(readFileSync(join(root, 'note.json'), 'utf8')) as { now: number; draw: number };
  expect(note.now).toBeGreaterThanOrEqual(before);
  expect(note.draw).toBe(random(3).fork('services').u32());
});

it('are the caller’s where it binds them', async () => {
  const said: string[] = [];
  const store = memoryStore();
  const container = new Container();
  container.bind(Tokens.Store).toConstantValue(store);
  container.bind(Tokens.Clock).toConstantValue({ now: () => 7, elapsed: () => 0 });
  const add = (message: string) => void said.push(message);
  container.bind(Tokens.Logger).toConstantValue({ info: add, warn: add });
  container.bind(Tokens.Random).toConstantValue(random(11));
  await runWith('note.json', container);
  expect(said).toEqual(['noted']);
  const note = JSON.parse(new TextDecoder().decode(await store.read('note.json')));
  expect(note).toEqual({ now: 7, draw: random(11).u32() });
});
