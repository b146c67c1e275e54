import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useBackend } from '@gatewise/backends';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { trainModel } from './train-model.js';

let folder = '';
beforeAll(async () => {
  await useBackend('cpu');
  folder = await mkdtemp(join(tmpdir(), 'my-project-'));
});
afterAll(() => rm(folder, { recursive: true }));

it('learns, and keeps the weights', async () => {
  const history = await trainModel({ epochs: 2, seed: 1, folder, silent: true });
  expect(history[1]!.loss).toBeLessThan(history[0]!.loss);
  expect(history[1]!.valLoss!).toBeLessThan(Math.log(2));
  expect((await readdir(folder)).sort()).toEqual(['best', 'last']);
});
