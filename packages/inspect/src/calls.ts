import type { RecurCall } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs-core';
import { type GateUse, gateTensors, readGates } from './gates.js';

/** The call with copies of its tensors, for later; `disposeCall` lets them go. */
export function keepCall({ layer, cell, args }: RecurCall): RecurCall {
  const copy = <V>(value: V): V => {
    if (value instanceof tf.Tensor) return tf.keep(tf.clone(value)) as V;
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, copy(v)])) as V;
  };
  return { layer, cell, args: copy(args) };
}

export const disposeCall = ({ args }: RecurCall): void => tf.dispose(args as unknown as tf.TensorContainer);

/** H of a call. */
export const unitsOf = ({ cell, args }: RecurCall): number => args.b.size / cell.gates.length;

/**
 * How the gates of a kept call are used, by gate that the cell saves under its name. It runs the recurrence once more, without
 * dropout of the operand. `within`: how near to its end a gate counts as saturated (Karpathy, Johnson and Fei-Fei, 2015).
 */
export async function gatesOf(call: RecurCall, within = 0.1): Promise<Readonly<Record<string, GateUse>>> {
  const pending = gateTensors(call.cell, call.args);
  try {
    return (await readGates(call.cell, pending, unitsOf(call), within)).gates;
  } finally {
    tf.dispose(pending as unknown as tf.TensorContainer);
  }
}
