import { disposeCall, gatesOf, keepCall } from '@gatewise/inspect';
import type { GateUse, Gradients, UpdateStats } from '@gatewise/plugin';
import type { RecurCall } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs-core';
import { hostValues } from './host-values.js';

const TINY = 1e-30;
/** Rows of a batch whose gates are looked at: thousands of activations, at a share of the batch's cost. */
const GATE_ROWS = 8;

/** What is known before an update. Collects ‖δs_t‖₂ of every recurrent layer in one step, and keeps them until they are disposed of. */
export class StateGradients implements UpdateStats {
  gradients: Gradients = {};
  skipped = false;
  readonly stateGradients: Record<string, tf.Tensor2D> = {};
  readonly states: Record<string, readonly string[]> = {};

  /** Takes δs [B, T, S·H] of a layer; of a layer that is used twice the one called first in forward stays. */
  readonly add = (layer: string, dStates: tf.Tensor, states: readonly string[]): void => {
    this.stateGradients[layer]?.dispose();
    this.stateGradients[layer] = tf.tidy(() => tf.keep(norms(dStates, states.length)));
    this.states[layer] = states;
  };

  readonly #calls: RecurCall[] = [];
  #gates: ReturnType<UpdateStats['gates']> | undefined;

  /** Takes the first call of a layer: those that show another state at every step come after it. */
  readonly keep = (call: RecurCall): undefined => {
    if (!this.#calls.some(({ layer }) => layer === call.layer)) this.#calls.push(keepCall(call, GATE_ROWS));
  };

  readonly gates = (): ReturnType<UpdateStats['gates']> => {
    this.#gates ??= this.#readGates();
    return this.#gates;
  };

  async #readGates(): Promise<Record<string, Readonly<Record<string, GateUse>>>> {
    const all: Record<string, Readonly<Record<string, GateUse>>> = {};
    for (const call of this.#calls) all[call.layer] = await gatesOf(call);
    return all;
  }

  readonly skip = (): void => {
    this.skipped = true;
  };

  dispose(): void {
    tf.dispose(this.stateGradients);
    for (const call of this.#calls.splice(0)) disposeCall(call);
  }
}

/** The same where the numbers lie on the host, in float64: one pass, which tf.js' ops on `cpu` take a hundred times longer for. */
function hostNorms(d: ArrayLike<number>, T: number, S: number, H: number): Float32Array {
  const squares = new Float64Array(T * S);
  for (let i = 0, block = 0; i < d.length; i += H, block++) {
    let sum = 0;
    for (let j = i; j < i + H; j++) sum += (d[j] as number) * (d[j] as number);
    // blocks of H run through s, then t, then b
    const at = block % (T * S);
    squares[at] = (squares[at] as number) + sum;
  }
  return Float32Array.from(squares, Math.sqrt);
}

/** ‖δs_t‖₂ over batch and units [T, S]. */
function norms(dStates: tf.Tensor, S: number): tf.Tensor2D {
  const [B = 0, T = 0, SH = 0] = dStates.shape;
  const host = hostValues(dStates);
  return host
    ? tf.tensor2d(hostNorms(host, T, S, SH / S), [T, S])
    : deviceNorms(tf.reshape(dStates, [B, T, S, SH / S]));
}

/** Of d [B,T,S,H]; scaled by the largest entry, so that 1e-25 and 1e25 have squares too. */
export function deviceNorms(d: tf.Tensor): tf.Tensor2D {
  const [, T = 0, S = 0] = d.shape;
  // m = max |δ|, ‖δ‖₂ = m √Σ (δ/m)²
  const m = tf.maximum(tf.max(tf.abs(d), [0, 3], true), TINY);
  const root = tf.sqrt(tf.sum(tf.square(tf.div(d, m)), [0, 3]));
  return tf.mul(tf.reshape(m, [T, S]), root);
}
