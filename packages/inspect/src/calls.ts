import type { RecurCall } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs-core';
import { type GateUse, gateTensors, readGates } from './gates.js';

type Args = RecurCall['args'];

/** The call with copies of its tensors, of its first `rows` rows, for later; `disposeCall` lets them go. */
export function keepCall({ layer, cell, args }: RecurCall, rows = Number.POSITIVE_INFINITY): RecurCall {
  const copy = <V>(value: V): V => {
    if (value instanceof tf.Tensor) return tf.keep(tf.clone(value)) as V;
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, copy(v)])) as V;
  };
  const kept = () => ({ layer, cell, args: copy(firstRows(args, rows)) });
  return tf.tidy(kept as unknown as () => tf.TensorContainer) as unknown as RecurCall;
}

/** What has a row for each of the batch is cut. */
function firstRows(args: Args, rows: number): Args {
  const { x, state0, mask, lengths, zoneout } = args;
  if (x.shape[0]! <= rows) return args;
  const cut = (t: tf.Tensor): tf.Tensor => tf.slice(t, 0, rows);
  const each = (named: Readonly<Record<string, tf.Tensor>>) =>
    Object.fromEntries(Object.entries(named).map(([name, t]) => [name, cut(t)]));
  return {
    ...args,
    x: cut(x),
    ...(state0 && { state0: each(state0) }),
    ...(mask && { mask: cut(mask) }),
    ...(lengths && {
      lengths: lengths instanceof tf.Tensor ? (cut(lengths) as typeof lengths) : lengths.slice(0, rows),
    }),
    ...(zoneout && 'masks' in zoneout && { zoneout: { masks: each(zoneout.masks) } }),
  };
}

export const disposeCall = ({ args }: RecurCall): void => tf.dispose(args as unknown as tf.TensorContainer);

/** H of a call. */
export const unitsOf = ({ cell, args }: RecurCall): number => args.b.size / cell.gates.length;

/**
 * How the gates of a kept call are used, by gate that the cell saves under its name. It runs the recurrence once more, without
 * dropout of the operand. `within`: how near to its end a gate counts as saturated (Karpathy, Johnson and Fei-Fei, 2015).
 */
export async function gatesOf(call: RecurCall, within = 0.1): Promise<Readonly<Record<string, GateUse>>> {
  const pending = gateTensors(call.cell, call.args, false);
  try {
    return (await readGates(call.cell, pending, unitsOf(call), within)).gates;
  } finally {
    tf.dispose(pending as unknown as tf.TensorContainer);
  }
}
