import { GatewiseError } from '@gatewise/core';
import { type RecurCall, withRun } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { disposeCall, keepCall, unitsOf } from './calls.js';
import { type GateUse, gateTensors, readGates } from './gates.js';

/** A tf.layers model, or something that gives its own loss, as the trainer's `trainable(…)` does. */
export type Inspected =
  | Pick<LayersModel, 'apply' | 'weights'>
  | {
      readonly weights: Readonly<Record<string, tf.Tensor>>;
      loss(batch: FlowBatch, training: boolean): tf.Scalar;
    };

export interface FlowBatch {
  readonly x: tf.Tensor | tf.Tensor[];
  readonly y: tf.Tensor;
}

export interface FlowOptions {
  /** (y, prediction) → loss, a scalar or what its mean is taken of; squared error by default. */
  readonly loss?: (y: tf.Tensor, prediction: tf.Tensor) => tf.Tensor;
  /** How near to its end a gate counts as saturated; 0.1 by default, as in Karpathy, Johnson and Fei-Fei (2015). */
  readonly within?: number;
}

/** One recurrent layer, or one direction of one level of a stack. */
export interface LayerFlow {
  readonly layer: string;
  readonly cell: string;
  /** ‖δs_t‖₂ over batch and units by state, [T], first time step first. */
  readonly gradients: Readonly<Record<string, readonly number[]>>;
  /** By gate that the cell saves under its name. */
  readonly gates: Readonly<Record<string, GateUse>>;
  /**
   * By unit, in steps: after how many half of the memory (the last state) is left, by the geometric mean of f (of 1 − z,
   * generally of ∂c_t/∂c_{t-1} at fixed gates) over the batch; null where a cell keeps nothing but through R.
   */
  readonly halfLife: readonly number[] | null;
}
export interface FlowReport {
  readonly loss: number;
  /** In the order in which they run. */
  readonly layers: readonly LayerFlow[];
}

/**
 * How far back the gradient of one batch reaches, and what the gates do: ‖δh_t‖ and ‖δc_t‖ by layer and step, gate
 * saturation, and the half-life of the memory. At inference: without dropout. Nothing is updated.
 * Errors: `GW_INSPECT_LAYERS` for a model without recurrent layers of gatewise. Source: Hochreiter, 1991; Bengio et al., 1994.
 *
 * @example
 * const { layers } = await gradientFlow(model, { x, y });
 * console.log(layers[0].gradients.c, layers[0].gates.f.saturated, layers[0].halfLife);
 */
export async function gradientFlow(
  model: Inspected,
  batch: FlowBatch,
  { loss = squaredError, within = 0.1 }: FlowOptions = {},
): Promise<FlowReport> {
  const seen: Seen[] = [];
  try {
    const value = backward(model, seen, () => lossOf(model, batch, loss));
    try {
      if (seen.length === 0) noLayers();
      const layers: LayerFlow[] = [];
      for (const one of seen) layers.push(await read(one, within));
      return { loss: (await value.data())[0]!, layers };
    } finally {
      value.dispose();
    }
  } finally {
    for (const { call, deltas } of seen) {
      disposeCall(call);
      tf.dispose(deltas);
    }
  }
}

const squaredError = (y: tf.Tensor, p: tf.Tensor) => tf.square(tf.sub(tf.cast(y, 'float32'), p));

function lossOf(model: Inspected, batch: FlowBatch, loss: NonNullable<FlowOptions['loss']>): tf.Scalar {
  if ('loss' in model && !('apply' in model)) return model.loss(batch, false);
  const p = (model as Pick<LayersModel, 'apply'>).apply(batch.x, { training: false });
  return tf.mean(loss(batch.y, Array.isArray(p) ? (p[0] as tf.Tensor) : (p as tf.Tensor)));
}

/** A call of the op: copies of its tensors, and δs_t of its states by name. */
interface Seen {
  readonly call: RecurCall;
  /** Of its x: a run that shows another state of the same call has the same. */
  readonly x: tf.Tensor;
  readonly deltas: Record<string, tf.Tensor>; // [B,T,H]
}

/** The loss, while `seen` fills. */
function backward(model: Inspected, seen: Seen[], loss: () => tf.Scalar): tf.Scalar {
  const onRecur = (call: RecurCall) => {
    const one = sameCall(seen, call) ?? add(seen, call);
    return (_: string, dStates: tf.Tensor, states: readonly string[]) => addDeltas(one, dStates, states);
  };
  const run = { seed: 0, step: 0, training: false, regularisers: () => ({}), onRecur };
  const { engine } = tf;
  // also of weights that do not train: variableGrads leaves those out
  const { gradients } = engine() as unknown as {
    gradients(f: () => tf.Scalar, xs: tf.Tensor[], dy: undefined, allowNone: true): { value: tf.Scalar };
  };
  return withRun(run, () =>
    tf.tidy(() => gradients.call(engine(), loss, weightsOf(model), undefined, true).value),
  );
}

const weightsOf = ({ weights }: Inspected): tf.Tensor[] =>
  Array.isArray(weights) ? weights.map((w) => w.read()) : Object.values(weights as Record<string, tf.Tensor>);

/** All states at every step are runs of their own, of one call. */
function sameCall(seen: readonly Seen[], { layer, cell, args }: RecurCall): Seen | undefined {
  const last = seen.at(-1);
  return last && last.x === args.x && last.call.layer === layer && last.call.cell !== cell ? last : undefined;
}

function add(seen: Seen[], call: RecurCall): Seen {
  const one = { call: keepCall(call), x: call.args.x, deltas: {} };
  seen.push(one);
  return one;
}

function addDeltas({ deltas }: Seen, dStates: tf.Tensor, states: readonly string[]): void {
  const parts = tf.split(dStates, states.length, 2);
  states.forEach((name, k) => {
    const before = deltas[name];
    deltas[name] = tf.keep(before ? tf.add(before, parts[k]!) : parts[k]!);
    before?.dispose();
  });
}

async function read({ call, deltas }: Seen, within: number): Promise<LayerFlow> {
  const { cell, layer, args } = call;
  const gradients: Record<string, number[]> = {};
  const [, T] = args.x.shape as [number, number];
  const H = unitsOf(call);
  for (const name of cell.state) {
    const d = deltas[name];
    gradients[name] = d ? norms(await d.data(), T, H) : Array(T).fill(0);
  }
  const pending = gateTensors(cell, args);
  try {
    return { layer, cell: cell.name, gradients, ...(await readGates(cell, pending, H, within)) };
  } finally {
    tf.dispose(pending as unknown as tf.TensorContainer);
  }
}

/** ‖δ_t‖₂ of [B,T,H], in float64. */
function norms(d: ArrayLike<number>, T: number, H: number): number[] {
  const squares = new Float64Array(T);
  for (let n = 0; n < d.length; n++) squares[Math.floor(n / H) % T]! += d[n]! ** 2;
  return [...squares].map(Math.sqrt);
}

function noLayers(): never {
  throw new GatewiseError(
    'GW_INSPECT_LAYERS',
    'got a model in which no recurrent layer of gatewise ran, wanted at least one; swap those of tf.layers with dropIn(model)',
  );
}
