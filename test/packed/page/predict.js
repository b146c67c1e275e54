import { loadWasm } from '@gatewise/engine-wasm';
import '@gatewise/layers'; // its layers, for models that are loaded
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { loadLayersModel } from '@tensorflow/tfjs-layers';

/** Loads a model of x [B,12,1] and predicts: logits [2,2] of a rising and a falling sequence, and what ran it. */
export async function predict(model) {
  const { variant } = await loadWasm();
  await tf.setBackend('cpu');
  const network = await loadLayersModel(model);
  const x = tf.tensor3d(
    Array.from({ length: 24 }, (_, i) => (i < 12 ? i - 5 : 17 - i)),
    [2, 12, 1],
  );
  const y = network.predict(x);
  return { variant, logits: Array.from(await y.data()) };
}
