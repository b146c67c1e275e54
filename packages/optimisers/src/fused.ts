import {
  type Arithmetic,
  kernelsInstalled,
  arithmetic as provided,
  reusedArray,
  type UpdateRule,
} from '@gatewise/kernels';
import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { OwnArrays } from './slots.js';
import type { Step } from './step.js';

/** What an engine provides, where its kernels are in use: tensors are arrays of the host there. */
export function fusedArithmetic(): Arithmetic | null {
  return tf.getBackend() === 'cpu' && kernelsInstalled() ? provided() : null;
}

/**
 * A step of all weights, in one call for each group of them. Weights go to new arrays: `data()` hands out the array itself. Slots are updated in
 * place where their arrays are its own and no other tensor has them.
 */
export function fusedStep(
  arithmetic: Arithmetic,
  rule: UpdateRule,
  steps: readonly Step[],
  own: OwnArrays,
): void {
  const arrays = steps.map(({ w, g, slots, numbers }) => ({
    numbers,
    w: arrayOf(w).values,
    g: arrayOf(g).values,
    out: reusedArray(w.size, arithmetic.array),
    slots: slots.map((slot) => {
      const { values, shared } = arrayOf(slot);
      return own.has(values) && !shared ? values : values.slice();
    }),
  }));
  for (const numbers of new Set(steps.map((step) => step.numbers))) {
    arithmetic.update(
      rule,
      Object.values(numbers),
      arrays.filter((one) => one.numbers === numbers),
    );
  }
  for (const [i, { w, slots }] of steps.entries()) {
    assign(w, arrays[i]!.out);
    for (const [k, slot] of slots.entries()) {
      const written = arrays[i]!.slots[k]!;
      if (arrayOf(slot).values !== written) assign(slot, written);
      own.add(written);
    }
  }
}

function assign(variable: Variable, values: Float32Array): void {
  const t = tf.tensor(values, variable.shape, 'float32');
  variable.assign(t);
  t.dispose();
}

interface CpuBackend {
  readonly data: { get(dataId: object): { readonly values: ArrayLike<number>; readonly refCount: number } };
}

/** A tensor's own array on the cpu backend, brought there where it is not; shared when another tensor has it too. */
function arrayOf(t: Tensor): { values: Float32Array; shared: boolean } {
  const { values, refCount } = (tf.backend() as unknown as CpuBackend).data.get(t.dataId);
  const own = values instanceof Float32Array;
  return { values: own ? values : Float32Array.from(values), shared: refCount > 1 || !own };
}
