import { headOf, inputsOf } from '@gatewise/bytecode';
import type { RecurRequest, RecurTensors } from '@gatewise/recurrence';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Head, Numbers } from './addon.js';

/** A tensor's values: on the cpu backend its own array, on tensorflow a copy. */
export const floats = (t: Tensor): Float32Array => t.dataSync<'float32'>() as Float32Array;

/** Truth as bytes: bool tensors are bytes already. */
function truth(t: Tensor): Uint8Array {
  const values = t.dataSync() as Uint8Array | Int32Array | Float32Array;
  return values instanceof Uint8Array ? values : Uint8Array.from(values, (v) => (v === 0 ? 0 : 1));
}

const readers = { floats, truth, ids: (t: Tensor) => t.dataSync<'int32'>() as Int32Array };

/** What forward and backward both take, in the order of native/arguments.cc. */
export function argumentsOf(request: RecurRequest, tensors: RecurTensors): Head {
  const { words, constants, shape, rates } = headOf(request);
  const inputs = inputsOf<Numbers>(request, tensors, (t, as) => readers[as](t));
  return [words, constants, shape, rates, inputs];
}
