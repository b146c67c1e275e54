import * as tf from '@tensorflow/tfjs-core';

/**
 * Throws when tensors or their bytes are not the same after each of `steps` runs of `body`, once `warmup` runs have
 * made what is made once.
 *
 * @example await leakCheck(() => tf.dispose(model.predict(x)));
 */
export async function leakCheck(
  body: () => unknown,
  { steps = 5, warmup = 2 }: { steps?: number; warmup?: number } = {},
): Promise<void> {
  for (let n = 0; n < warmup; n++) await body();
  const before = tf.memory();
  for (let n = 1; n <= steps; n++) {
    await body();
    const { numTensors, numBytes } = tf.memory();
    if (numTensors === before.numTensors && numBytes === before.numBytes) continue;
    throw new Error(
      `leak: after ${n} steps got ${numTensors} tensors and ${numBytes} bytes, ` +
        `wanted ${before.numTensors} and ${before.numBytes}; dispose of what a step makes, or use tf.tidy`,
    );
  }
}
