import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GatewiseError } from '@gatewise/core';
import { type Vocabulary, vocabularyOf } from '@gatewise/data';
import { modelFolder } from '@gatewise/plugin-checkpoint';
import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, loadLayersModel } from '@tensorflow/tfjs-layers';

/** Saves model and vocabulary in a run folder. */
export async function save(
  network: LayersModel,
  { symbols, unknown }: Vocabulary,
  folder: string,
): Promise<void> {
  await network.save(modelFolder(join(folder, 'model')));
  await writeFile(join(folder, 'vocabulary.json'), `${JSON.stringify({ symbols, unknown })}\n`);
}

/** The model and the vocabulary of a run folder. Errors: `GW_RUN_MODEL`, and those of `modelFolder`. */
export async function load(folder: string): Promise<{ network: LayersModel; vocabulary: Vocabulary }> {
  const text = await readFile(join(folder, 'vocabulary.json'), 'utf8').catch((cause) => {
    throw new GatewiseError(
      'GW_RUN_MODEL',
      `got ${folder}, which holds no vocabulary.json, wanted the folder of a run that has ended, such as runs/lstm-seed1-1`,
      { cause },
    );
  });
  const { symbols, unknown } = JSON.parse(text) as { symbols: string[]; unknown?: string };
  const network = await loadLayersModel(modelFolder(join(folder, 'model')));
  return { network, vocabulary: vocabularyOf(symbols, unknown) };
}

/** Loads the saved model and gives the largest difference between its logits and those of the one that was saved. */
export async function checkSaved(network: LayersModel, folder: string, ids: Int32Array): Promise<number> {
  const { network: loaded } = await load(folder);
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
