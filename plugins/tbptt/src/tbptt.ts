import { GatewiseError } from '@gatewise/core';
import type { Batch, Json, Trainable } from '@gatewise/plugin';
import * as tf from '@tensorflow/tfjs-core';
import { Past } from './past.js';

/** Targets and logits or values to a scalar. */
export type LossOf = (yTrue: tf.Tensor, yPred: tf.Tensor) => tf.Tensor;

/** A functional tf.layers model with inputs [x, …states] and outputs [y, …states]. */
export interface StatefulModel {
  readonly name: string;
  readonly inputs: readonly { readonly shape: readonly (number | null)[] }[];
  readonly outputs: readonly unknown[];
  readonly trainableWeights: readonly {
    readonly originalName: string;
    readonly name: string;
    read(): tf.Tensor;
  }[];
  readonly nonTrainableWeights: StatefulModel['trainableWeights'];
  apply(inputs: tf.Tensor[], kwargs: object): unknown;
  toJSON(unused?: unknown, returnString?: boolean): unknown;
  save(handler: tf.io.IOHandler): Promise<tf.io.SaveResult>;
}

export interface TbpttOptions {
  /** Steps between two updates: the time of each batch. */
  readonly k1: number;
  /** Steps that gradients reach back, at least k1 and a multiple of it. */
  readonly k2: number;
  /** Over the last k1 outputs. */
  readonly loss: LossOf;
}

/**
 * Truncated backpropagation through time over streams, BPTT(k2; k1) (Williams and Peng, 1990): after every k1 new steps the
 * loss of those k1 is sent back through k2 steps. Batches are windows of k1 steps of which each continues the one before
 * (`streams` of @gatewise/data with `time: k1`); the states before the window that is looked back on are values, no gradient
 * goes further. What is kept is k2 steps of input, so a stream may be longer than memory. With k1 = k2 it is `carried`.
 * Errors: `GW_TBPTT_STEPS`, `GW_TBPTT_MODEL`, `GW_TBPTT_TIME`, `GW_TBPTT_ROWS`, and `GW_TBPTT_STATE` on
 * going on from a checkpoint of another one.
 *
 * @example
 * const model = tbptt(net, { k1: 10, k2: 40, loss: softmaxCrossEntropy });
 * await train(model, streams(ids, { batch: 16, time: 10 }), { epochs: 3, optimizer });
 */
export function tbptt(model: StatefulModel, { k1, k2, loss }: TbpttOptions): Trainable {
  checkSteps(k1, k2);
  const shapes = stateShapes(model);
  const memory = { training: new Past(k2 / k1, shapes), validation: new Past(1, shapes) };
  const resetState = (training?: boolean) => {
    if (training !== false) memory.training.forget();
    if (training !== true) memory.validation.forget();
  };
  const others = () => {
    const named = Object.entries(weightsOf(model.nonTrainableWeights));
    return Object.fromEntries(named.map(([name, w]) => [`weight/${name}`, w]));
  };
  return {
    name: model.name,
    weights: weightsOf(model.trainableWeights),
    save: (handler) => model.save(handler),
    topology: () => model.toJSON(undefined, false) as Json,
    saveTensors: () => ({ ...others(), ...memory.training.saved() }),
    loadTensors(saved) {
      memory.training.restore(saved);
      for (const [name, w] of Object.entries(others())) if (saved[name]) w.assign(saved[name]);
    },
    loss(batch, training) {
      const past = training ? memory.training : memory.validation;
      const x = inputOf(batch, training ? k1 : undefined);
      const { states, window } = past.take(x, batch.carry === true);
      const [y, ...next] = model.apply([window, ...states], { training }) as [tf.Tensor, ...tf.Tensor[]];
      past.keep(next);
      return meanOf(loss(batch.y, lastSteps(y, x.shape[1]!)));
    },
    resetState,
    dispose: () => resetState(),
  };
}

function checkSteps(k1: number, k2: number): void {
  const whole = Number.isInteger(k1) && k1 >= 1 && Number.isInteger(k2) && k2 >= k1 && k2 % k1 === 0;
  if (whole) return;
  throw new GatewiseError(
    'GW_TBPTT_STEPS',
    `got k1 = ${k1} and k2 = ${k2}, wanted whole numbers, k2 a multiple of k1; such as k1: 10, k2: 40`,
  );
}

function stateShapes({ name, inputs, outputs }: StatefulModel): number[][] {
  const shapes = inputs.slice(1).map(({ shape }) => shape.slice(1));
  if (shapes.length > 0 && outputs.length === inputs.length && shapes.flat().every((n) => n !== null)) {
    return shapes as number[][];
  }
  throw new GatewiseError(
    'GW_TBPTT_MODEL',
    `got model "${name}" with ${inputs.length} inputs and ${outputs.length} outputs, wanted inputs [x, …states] and outputs [y, …states] of known sizes`,
  );
}

function weightsOf(weights: StatefulModel['trainableWeights']): Record<string, tf.Variable> {
  const unique = new Set(weights.map((w) => w.originalName)).size === weights.length;
  return Object.fromEntries(weights.map((w) => [unique ? w.originalName : w.name, w.read() as tf.Variable]));
}

function inputOf({ x }: Batch, k1: number | undefined): tf.Tensor {
  const input = (Array.isArray(x) ? x[0] : x) as tf.Tensor;
  if (k1 === undefined || input.shape[1] === k1) return input;
  throw new GatewiseError(
    'GW_TBPTT_TIME',
    `got a batch of ${input.shape[1]} steps, wanted k1 = ${k1}; give streams(…, { time: ${k1} })`,
  );
}

/** The last `count` steps of y [B,T,…]. */
function lastSteps(y: tf.Tensor, count: number): tf.Tensor {
  const [B, T, ...rest] = y.shape as [number, number, ...number[]];
  return T === count ? y : tf.slice(y, [0, T - count, ...rest.map(() => 0)], [B, count, ...rest]);
}

const meanOf = (value: tf.Tensor): tf.Scalar => (value.rank === 0 ? value : tf.mean(value)) as tf.Scalar;
