import type { NamedTensors, TrainContext } from '@gatewise/plugin';
import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/** A copy of the best weights, by name. */
export function snapshot() {
  const copies = new Map<string, Tensor>();
  const clear = () => {
    tf.dispose([...copies.values()]);
    copies.clear();
  };
  return {
    clear,
    take(weights: NamedTensors) {
      clear();
      // A true copy, not a clone: an engine may update a weight in place.
      for (const [name, w] of Object.entries(weights)) copies.set(name, tf.keep(tf.mul(w, 1)));
    },
    /** Puts the copy back; nothing happens where there is none. */
    restore(weights: TrainContext['weights']) {
      for (const [name, copy] of copies) weights[name]?.assign(copy);
    },
    tensors: (): NamedTensors => Object.fromEntries(copies),
  };
}
