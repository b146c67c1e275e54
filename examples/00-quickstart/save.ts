import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Vocabulary } from '@gatewise/data';
import { modelFolder } from '@gatewise/plugin-checkpoint';
import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, loadLayersModel } from '@tensorflow/tfjs-layers';

/** Saves model and vocabulary. */
export async function save(
  network: LayersModel,
  { symbols, unknown }: Vocabulary,
  folder: string,
): Promise<void> {
  await network.save(modelFolder(join(folder, 'model')));
  await writeFile(join(folder, 'vocabulary.json'), `${JSON.stringify({ symbols, unknown })}\n`);
}

/** Loads the saved model and gives the largest difference between its logits and those of the one that was saved. */
export async function checkSaved(network: LayersModel, folder: string, ids: Int32Array): Promise<number> {
  const loaded = await loadLayersModel(modelFolder(join(folder, 'model')));
  const difference = tf.tidy(() => {
    const [a, b] = [network, loaded].map((model) => firstLogits(model, ids));
    return tf.max(tf.abs(tf.sub(a as tf.Tensor, b as tf.Tensor)));
  });
  const [largest] = await difference.data();
  difference.dispose();
  loaded.dispose();
  return largest as number;
}

function firstLogits(model: LayersModel, ids: Int32Array): tf.Tensor {
  const x = tf.tensor2d(ids, [1, ids.length], 'int32');
  const states = model.inputs.slice(1).map(({ shape }) => tf.zeros([1, shape[1] as number]));
  return (model.predict([x, ...states]) as tf.Tensor[])[0] as tf.Tensor;
}
