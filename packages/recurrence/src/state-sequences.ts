import { type AnyCell, GatewiseError } from '@gatewise/core';
import * as tf from '@tensorflow/tfjs-core';
import { drawnHold } from './draws.js';
import { recur } from './recur.js';
import type { RecurArgs } from './request.js';

/**
 * `recur`, with every state at every step: y and `sequences.h` are the same, c and the others come of one more fused run
 * each, of a cell whose output is that state. Gradients flow through all of them. Errors: as of `recur`, `GW_OP_STATES`.
 *
 * @returns y [B,T,H], the final states [B,H] and the sequences [B,T,H] by name; the caller disposes of them
 * @example const { sequences } = recurStates(lstm, { x, W, R, b }); // sequences.c [B,T,H]
 */
export function recurStates(cell: AnyCell, args: RecurArgs) {
  const { y, final } = recur(cell, args);
  const sequences: Record<string, tf.Tensor> = { [cell.state[0]!]: y };
  if (cell.state.length === 1) return { y, final, sequences };
  tf.tidy(() => {
    const fixed = { ...args, ...fixedZoneout(cell, args) };
    for (const state of cell.state.slice(1)) {
      const shown = recur(showing(cell, state), fixed);
      sequences[state] = tf.keep(shown.y);
    }
  });
  return { y, final, sequences };
}

const shown = new WeakMap<AnyCell, Map<string, AnyCell>>();

/** The same cell with another state as its output y; h still stands before R, as an operand u = h. */
function showing(cell: AnyCell, state: string): AnyCell {
  const known = shown.get(cell) ?? new Map<string, AnyCell>();
  shown.set(cell, known);
  const made = known.get(state) ?? makeShowing(cell, state);
  known.set(state, made);
  return made;
}

function makeShowing(cell: AnyCell, state: string): AnyCell {
  if (cell.operand) {
    throw new GatewiseError(
      'GW_OP_STATES',
      `cell "${cell.name}": got an operand and several states, wanted one of both for all states at every step; ask for the final ones`,
    );
  }
  const h = cell.state[0]!;
  return {
    name: `${cell.name}-${state}`,
    state: [state, ...cell.state.filter((s) => s !== state)],
    gates: cell.gates,
    saved: cell.saved,
    ...(cell.input ? { input: cell.input } : {}),
    ...(cell.recurrent ? { recurrent: cell.recurrent } : {}),
    ...(cell.vectors ? { vectors: cell.vectors } : {}),
    ...((cell.recurrent ?? cell.gates).length > 0
      ? {
          operand: {
            feeds: cell.recurrent ?? cell.gates,
            forward: (_, s) => s[h]!,
            backward: (du) => ({ gates: {}, prev: { [h]: du } }),
          },
        }
      : {}),
    forward: (a, s, w) => cell.forward(a, s, w),
    backward: (d, v, s, w) => cell.backward(d, v, s, w),
  };
}

/** Zoneout is drawn by the position of a state, which is another here: the same draws, as masks. */
function fixedZoneout(cell: AnyCell, { zoneout: z, x, b }: RecurArgs): Pick<RecurArgs, 'zoneout'> {
  if (!z || 'masks' in z || !z.training) return {};
  const [B, T] = x.shape as [number, number];
  const H = b.size / cell.gates.length;
  const draw = (k: number, rate: number) =>
    drawnHold({ B, from: 0, steps: T, units: H, key: z.seed >>> 0, rate }, k);
  const given = cell.state.map((s, k) => [s, k, z.rates[s] ?? 0] as const).filter(([, , rate]) => rate > 0);
  return { zoneout: { masks: Object.fromEntries(given.map(([s, k, rate]) => [s, draw(k, rate)])) } };
}
