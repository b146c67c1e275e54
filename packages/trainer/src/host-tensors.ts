import { GatewiseError } from '@gatewise/core';
import type { HostTensor, NamedTensors } from '@gatewise/plugin';
import * as tf from '@tensorflow/tfjs-core';

/** Copies of the values, each under `prefix` and its name. Errors: `GW_TRAIN_STATE` for a tensor that is gone or of text. */
export async function toHost(prefix: string, tensors: NamedTensors): Promise<Record<string, HostTensor>> {
  const entries: [string, HostTensor][] = [];
  for (const [name, tensor] of Object.entries(tensors)) {
    const { dtype, shape } = tensor;
    if (tensor.isDisposed || (dtype !== 'float32' && dtype !== 'int32' && dtype !== 'bool')) {
      throw new GatewiseError(
        'GW_TRAIN_STATE',
        `got ${tensor.isDisposed ? 'a disposed tensor' : dtype} as "${prefix}${name}" to be saved, wanted float32, int32 or bool that lives`,
      );
    }
    // the array that data() gives may be the tensor's own
    const values = (await tensor.data()).slice() as HostTensor['values'];
    entries.push([`${prefix}${name}`, { dtype, shape: [...shape], values }]);
  }
  return Object.fromEntries(entries);
}

/** Tensors of those whose names begin with `prefix`, without it; the caller's to dispose of. */
export function fromHost(
  prefix: string,
  host: Readonly<Record<string, HostTensor>>,
): Record<string, tf.Tensor> {
  const named = Object.entries(host).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(named.map(([name, saved]) => [name.slice(prefix.length), tensorOf(saved)]));
}

/** A tensor takes the array that it is made of: it gets its own. */
const tensorOf = ({ values, shape, dtype }: HostTensor): tf.Tensor =>
  tf.tensor(values.slice(), [...shape], dtype);
