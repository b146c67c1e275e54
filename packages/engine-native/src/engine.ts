import { listGradients, makeGradients, mapGradients, supports } from '@gatewise/bytecode';
import { GatewiseError } from '@gatewise/core';
import { reusedArray } from '@gatewise/kernels';
import type {
  Engine,
  RecurCotangents,
  RecurGradients,
  RecurOutputs,
  RecurRequest,
  RecurTensors,
} from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs-core';
import { type Addon, guarded, type Head, type Reserve } from './addon.js';
import { argumentsOf, floats } from './arguments.js';
import { nativeDense } from './dense.js';
import { unfilled } from './unfilled.js';

/** An output: its array, and the tensor over it once it is filled. */
interface Output {
  readonly values: Float32Array;
  tensor(): tf.Tensor;
}
function output(...shape: number[]): Output {
  const values = reusedArray(
    shape.reduce((n, d) => n * d, 1),
    unfilled,
  );
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

/** What forward read, for its backward: on every backend but cpu a read is a copy. */
const readings = new WeakMap<Reserve, Head>();

function forward(addon: Addon, request: RecurRequest, tensors: RecurTensors): RecurOutputs {
  const { B, T, H, program } = request;
  const y = output(B, T, H);
  const final = program.state.map(() => output(B, H));
  const arrays = [y, ...final].map(({ values }) => values);
  const read = argumentsOf(request, tensors);
  const notes = guarded(() => addon.forward(...read, arrays));
  if (notes && tf.getBackend() !== 'cpu') readings.set(notes, read);
  return { y: y.tensor(), final: final.map((f) => f.tensor()), reserve: [], notes };
}

function backward(
  addon: Addon,
  request: RecurRequest,
  tensors: RecurTensors,
  outputs: RecurOutputs,
  { dy, dfinal }: RecurCotangents,
): RecurGradients {
  const rows = request.dx === 'perhaps' ? takeRows(request) : null;
  const gradients = makeGradients({ ...request, dx: rows ? 'never' : request.dx }, output);
  const arrays = listGradients<{ readonly values: Float32Array }>({ ...gradients, dA: rows });
  const cotangents = [dy, ...dfinal].map(floats);
  const notes = outputs.notes as Reserve;
  const read = readings.get(notes) ?? argumentsOf(request, tensors);
  readings.delete(notes);
  guarded(() =>
    addon.backward(
      ...read,
      notes,
      cotangents,
      arrays.map((o) => o?.values ?? null),
    ),
  );
  const made = mapGradients(gradients, (o) => o.tensor());
  return rows ? { ...made, later: { kept: [], dx: (W) => inputGradient(addon, request, rows, W) } } : made;
}

/** δA [B·T, (input gates)·H] of one backward: never a tensor, in memory that the next backward takes over. */
interface Rows {
  readonly values: Float32Array;
  readonly turn: number;
}
let memory: Float32Array = new Float32Array(0);
let turn = 0;
function takeRows({ program, B, T, H }: RecurRequest): Rows {
  const length = B * T * program.input.length * H;
  if (memory.length < length || memory.length > 4 * length + 65536) memory = unfilled(length);
  return { values: memory.subarray(0, length), turn: ++turn };
}

/** dX = δA Wᵀ; tf.js asks for it, if at all, before it goes back through another op. */
function inputGradient(
  addon: Addon,
  { program, B, T, I, H }: RecurRequest,
  dA: Rows,
  W: tf.Tensor, // [I, (input gates)·H]
): tf.Tensor {
  if (dA.turn !== turn) {
    throw new GatewiseError(
      'GW_ENGINE_RESERVE',
      'got the gradient of x asked for after another backward, wanted before; likely fix: run forward again',
    );
  }
  const dX = output(B, T, I);
  nativeDense(addon).product({
    ...{ batches: 1, m: B * T, n: I, k: program.input.length * H },
    ...{ a: dA.values, transposeA: false, repeatA: false },
    ...{ b: floats(W), transposeB: true, repeatB: false },
    ...{ bias: null, activation: 'linear', c: dX.values },
  });
  return dX.tensor();
}
