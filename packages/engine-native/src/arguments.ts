import { headOf, inputsOf } from '@gatewise/bytecode';
import { peek } from '@gatewise/kernels';
import type { RecurRequest, RecurTensors } from '@gatewise/recurrence';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Head, Numbers } from './addon.js';

export function floats(t: Tensor): Float32Array {
  const values = peek(t);
  return values instanceof Float32Array ? values : Float32Array.from(values);
}

/** Truth as bytes: bool tensors are bytes already. */
function truth(t: Tensor): Uint8Array {
  const values = peek(t) as Uint8Array | Int32Array | Float32Array;
  return values instanceof Uint8Array ? values : Uint8Array.from(values, (v) => (v === 0 ? 0 : 1));
}

const readers = { floats, truth, ids: (t: Tensor) => peek(t) as Int32Array };

/** What forward and backward both take, in the order of native/arguments.cc. */
export function argumentsOf(request: RecurRequest, tensors: RecurTensors): Head {
  const { words, constants, shape, rates } = headOf(request);
  const inputs = inputsOf<Numbers>(request, tensors, (t, as) => readers[as](t));
  return [words, constants, shape, rates, inputs];
}
