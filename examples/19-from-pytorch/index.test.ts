import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { modelFolder } from '@gatewise/plugin-checkpoint';
import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { fromPyTorch, logitsOf, ship, tuned, tutorial } from './index.js';

it('reads what PyTorch saved, to what PyTorch computes', async () => {
  const { spec, certificate } = await fromPyTorch();
  expect(spec.layers.map(({ kind }) => kind)).toEqual(['embedding', 'recurrent', 'dense']);
  expect(certificate.passed).toBe(true);
  expect(certificate.tensors.map(({ tensor }) => tensor)).toEqual([
    'expected.logits',
    'expected.h_n',
    'expected.c_n',
  ]);
});

it('trains further, the same for the same seeds, and leaks nothing', async () => {
  const first = await tutorial.run('short');
  const before = tf.memory().numTensors;
  expect(await tutorial.run('short')).toEqual(first);
  expect(tf.memory().numTensors).toBe(before);
  const [pytorch, nothing] = first.curves.map(({ points }) => points);
  expect(pytorch![0]!.bits).toBeLessThan(nothing![0]!.bits - 2);
  expect(pytorch!.at(-1)!.bits).toBeLessThan(pytorch![0]!.bits);
  expect(first.modules[0]!.difference).toBeLessThan(1e-6);
});

it('is shipped as a folder, which loads to the same model, and as a module with its types', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gatewise-from-pytorch-'));
  const { model, heldOut } = await tuned('short');
  await ship(model, folder);
  expect(await readdir(join(folder, 'page'))).toEqual([
    'index.html',
    'model.d.ts',
    'model.js',
    'page.css',
    'page.js',
    'vocabulary.json',
  ]);
  const again = await tf.loadLayersModel(modelFolder(join(folder, 'model')));
  const ids = heldOut.subarray(0, 20);
  expect(logitsOf(again, ids)).toEqual(logitsOf(model, ids));
  await rm(folder, { recursive: true });
  model.dispose();
  again.dispose();
});
