import { listGradients, makeGradients, mapGradients, supports } from '@gatewise/bytecode';
import type {
  Engine,
  RecurCotangents,
  RecurGradients,
  RecurOutputs,
  RecurRequest,
  RecurTensors,
} from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs-core';
import { type Addon, guarded, type Reserve } from './addon.js';
import { argumentsOf, floats } from './arguments.js';
import { nativeDense } from './dense.js';
import { unfilled } from './unfilled.js';

/** An output: its array, and the tensor over it once it is filled. */
interface Output {
  readonly values: Float32Array;
  tensor(): tf.Tensor;
}
function output(...shape: number[]): Output {
  const values = unfilled(shape.reduce((n, d) => n * d, 1));
  return { values, tensor: () => tf.tensor(values, shape, 'float32') };
}

/** The engine over a loaded addon. */
export function nativeEngine(addon: Addon): Engine {
  return {
    name: 'native',
    backends: ['cpu', 'tensorflow', 'wasm'],
    priority: 20,
    supports,
    forward: (request, tensors) => forward(addon, request, tensors),
    backward: (request, tensors, outputs, cotangents) =>
      backward(addon, request, tensors, outputs, cotangents),
  };
}

function forward(addon: Addon, request: RecurRequest, tensors: RecurTensors): RecurOutputs {
  const { B, T, H, program } = request;
  const y = output(B, T, H);
  const final = program.state.map(() => output(B, H));
  const arrays = [y, ...final].map(({ values }) => values);
  const notes = guarded(() => addon.forward(...argumentsOf(request, tensors), arrays));
  return { y: y.tensor(), final: final.map((f) => f.tensor()), reserve: [], notes };
}

function backward(
  addon: Addon,
  request: RecurRequest,
  tensors: RecurTensors,
  outputs: RecurOutputs,
  { dy, dfinal }: RecurCotangents,
): RecurGradients {
  const gradients = makeGradients(request, output);
  const arrays = listGradients(gradients).map((o) => o?.values ?? null);
  const cotangents = [dy, ...dfinal].map(floats);
  guarded(() =>
    addon.backward(...argumentsOf(request, tensors), outputs.notes as Reserve, cotangents, arrays),
  );
  // δA never becomes a tensor: the backend would copy what it may never be asked for
  const dA = gradients.dA?.values;
  const made = mapGradients({ ...gradients, dA: null }, (o) => o.tensor());
  return dA ? { ...made, later: { kept: [], dx: (W) => inputGradient(addon, request, dA, W) } } : made;
}

/** dX = δA Wᵀ */
function inputGradient(
  addon: Addon,
  { program, B, T, I, H }: RecurRequest,
  dA: Float32Array, // [B·T, (input gates)·H]
  W: tf.Tensor, // [I, (input gates)·H]
): tf.Tensor {
  const dX = output(B, T, I);
  nativeDense(addon).product({
    ...{ batches: 1, m: B * T, n: I, k: program.input.length * H },
    ...{ a: dA, transposeA: false, repeatA: false },
    ...{ b: floats(W), transposeB: true, repeatB: false },
    ...{ bias: null, activation: 'linear', c: dX.values },
  });
  return dX.tensor();
}
