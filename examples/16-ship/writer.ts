import { type DrawOptions, draw, type Random } from '@gatewise/core';
import type { Vocabulary } from '@gatewise/data';
import { type RecurrentLayer, stream } from '@gatewise/layers';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';

// #region writer
/** Reads a character and gives the logits of the next one, [V]; the layer's state goes on from one to the other. */
export function reader(model: LayersModel) {
  const [memory, head] = model.layers.slice(-2);
  const steps = stream(memory as RecurrentLayer);
  return {
    async read(id: number): Promise<Float32Array> {
      const logits = tf.tidy(() => head!.apply(steps.push(tf.tensor1d([id], 'int32'))) as tf.Tensor);
      const values = (await logits.data()) as Float32Array;
      logits.dispose();
      return values;
    },
    dispose: steps.dispose,
  };
}

/** Reads the prompt, then writes one character after the other. */
export async function* write(
  model: LayersModel,
  symbols: Vocabulary,
  { prompt, ...how }: DrawOptions & { readonly prompt: string },
  random: Random,
): AsyncGenerator<string> {
  const { read, dispose } = reader(model);
  try {
    let logits: ArrayLike<number> = [];
    for (const id of symbols.encode(prompt)) logits = await read(id);
    for (;;) {
      const id = draw(logits, how, random);
      yield symbols.decode([id]);
      logits = await read(id);
    }
  } finally {
    dispose();
  }
}
// #endregion
