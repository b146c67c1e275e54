import * as tf from '@tensorflow/tfjs-core';

/** Ends a backend, also one on its way; whoever asks for it later starts another. */
export function startAnew(name: string): void {
  const { factory, priority } = tf.engine().registryFactory[name]!;
  tf.removeBackend(name);
  tf.registerBackend(name, factory, priority);
}
