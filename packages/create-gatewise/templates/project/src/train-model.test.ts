import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useBackend } from '@gatewise/backends';
import { modelFolder } from '@gatewise/plugin-checkpoint';
import { loadLayersModel } from '@tensorflow/tfjs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { trainModel } from './train-model.js';

let folder = '';
beforeAll(async () => {
  await useBackend('cpu');
  folder = await mkdtemp(join(tmpdir(), 'my-project-'));
});
afterAll(() => rm(folder, { recursive: true }));

it('learns, and saves what it has learnt', async () => {
  const history = await trainModel({ epochs: 2, seed: 1, folder: join(folder, 'model'), silent: true });
  expect(history[1]!.loss).toBeLessThan(history[0]!.loss!);
  expect(history[1]!.valLoss).toBeLessThan(Math.log(2));
  const model = await loadLayersModel(modelFolder(join(folder, 'model')));
  expect(model.outputs[0]!.shape).toEqual([null, 2]);
});
