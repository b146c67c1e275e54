import { GatewiseError } from '@gatewise/core';
import { withRun } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { type Batches, checkBatch, disposeBatch, inputsOf, noBatches, openBatches } from './batches.js';
import { createBreath } from './breathe.js';
import { maskOf } from './lengths.js';
import { applyModel, checkedInputs } from './trainable.js';

/** What a model says of one row: a vector [C], or one a real step, [lengths[b]][C]. */
export type Prediction = number[] | number[][];

/**
 * The outputs of a model by row, in the order of the batches; of padded rows the real steps alone. Targets are not read.
 * Disposes of the batches. Errors: as `train` has of batches.
 *
 * @example const [first] = await predict(model, ragged({ x, y }, { batch: 32 })); // first.length === x[0].length
 */
export async function predict(model: LayersModel, batches: Batches): Promise<Prediction[]> {
  const all: Prediction[] = [];
  const breathe = createBreath();
  for await (const batch of openBatches(batches, 0)) {
    const { lengths } = batch;
    const T = inputsOf(batch)[0]?.shape[1];
    const p = computed(() => checkBatch(batch, `batch to predict after row ${all.length}`), model, batch);
    const rows = await readRows(p);
    const steps = lengths && p.rank === 3 && p.shape[1] === T;
    all.push(...rows.map((row, b) => (steps ? (row as number[][]).slice(0, lengths[b]) : row)));
    await breathe();
  }
  if (all.length === 0) throw noBatches('prediction', 0);
  return all;
}

type Item = Parameters<typeof disposeBatch>[0];

function computed(check: () => void, model: LayersModel, batch: Item): tf.Tensor {
  const run = { seed: 0, step: 0, training: false, regularisers: () => ({}) };
  try {
    check();
    const apply = () => applyModel(model, checkedInputs(model, inputsOf(batch)), false, maskOf(batch));
    return tf.tidy(() => withRun(run, () => one(apply())));
  } finally {
    disposeBatch(batch);
  }
}

function one([p, ...more]: tf.Tensor[]): tf.Tensor {
  if (p && more.length === 0) return p;
  throw new GatewiseError(
    'GW_TRAIN_SHAPE',
    `got a model with ${more.length + 1} outputs, wanted one; ask model.predict for all of them`,
  );
}

async function readRows(p: tf.Tensor): Promise<Prediction[]> {
  try {
    return (await p.array()) as Prediction[];
  } finally {
    p.dispose();
  }
}
