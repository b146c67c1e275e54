import type { AnyCell } from '@gatewise/core';
import { type RecurArgs, recur } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs-core';
import type { Case } from '../cases.js';
import { type Data, join, type Prepared } from './data.js';
import { useOneEngine } from './one-engine.js';
import { ownCells } from './own-cells.js';
import { trainingStep } from './training-step.js';

// The op through tf.js: recur(), and tf.grads() over it.

let only = '';

export async function ready(backend: string, engine: string): Promise<string> {
  only = engine;
  return useOneEngine(backend, engine);
}

type Weights = Pick<RecurArgs, 'W' | 'b' | 'engine'> & { R: tf.Tensor; vectors: Record<string, tf.Tensor> };

let kept: tf.Tensor[] = [];
/** Lives until the next case. */
const keep = (values: Float32Array, shape: number[]) => {
  const tensor = tf.variable(tf.tensor(values, shape));
  kept.push(tensor);
  return tensor;
};

export async function prepare(one: Case, data: Data): Promise<Prepared> {
  tf.dispose(kept);
  kept = [];
  if ((one.measure as string) === 'gemm') return gemm();
  if (one.measure === 'training-step') return trainingStep(one, data);
  const cell = ownCells[one.cell];
  const { vectors: names = [] } = cell;
  const rows = data.array('vectors');
  const weights: Weights = {
    W: keep(data.array('W'), data.shape('W')),
    R: keep(data.array('R'), data.shape('R')),
    b: keep(data.array('b'), data.shape('b')),
    vectors: Object.fromEntries(
      names.map((name, k) => [name, keep(rows.slice(k * one.H, (k + 1) * one.H), [one.H])]),
    ),
    engine: only,
  };
  if (one.measure === 'streaming') return streaming(cell, weights, one, data);
  const x = keep(data.array('x'), data.shape('x'));
  return one.measure === 'gradients' ? gradients(cell, weights, x, data) : forward(cell, weights, x);
}

async function forward(cell: AnyCell, weights: Weights, x: tf.Tensor): Promise<Prepared> {
  const compute = () => tf.tidy(() => recur(cell, { x, ...weights }).y);
  const run = () => compute().dispose();
  const y = compute();
  const result = (await y.data<'float32'>()).slice() as Float32Array;
  y.dispose();
  return { result, run };
}

/** x is a variable, as a layer's output would be: dX is computed in the loop. */
async function gradients(cell: AnyCell, weights: Weights, x: tf.Tensor, data: Data): Promise<Prepared> {
  const { W, R, b, vectors, engine } = weights;
  const dy = keep(data.array('dy'), data.shape('dy'));
  const all = [x, W, R, b, ...Object.values(vectors)];
  const grads = tf.grads(() => recur(cell, { x, W, R, b, vectors, ...(engine ? { engine } : {}) }).y);
  const compute = () => tf.tidy(() => grads(all, dy));
  const run = () => tf.dispose(compute());
  const found = compute();
  const result = join(await Promise.all(found.slice(0, 4).map((t) => t.data() as Promise<Float32Array>)));
  tf.dispose(found);
  return { result, run };
}

async function streaming(cell: AnyCell, weights: Weights, { I, H }: Case, data: Data): Promise<Prepared> {
  const inputs = data.array('x');
  let state0 = Object.fromEntries(cell.state.map((name) => [name, tf.zeros([1, H]) as tf.Tensor]));
  const step = (x: tf.Tensor) => {
    const next = tf.tidy(() => recur(cell, { x, ...weights, state0 }).final);
    tf.dispose(state0);
    state0 = next;
  };
  const outputs: Float32Array[] = [];
  for (let t = 0; t < inputs.length / I; t++) {
    const x = tf.tensor(inputs.slice(t * I, (t + 1) * I), [1, 1, I]);
    step(x);
    outputs.push((await state0.h!.data<'float32'>()).slice() as Float32Array);
    x.dispose();
  }
  const x = keep(inputs.slice(0, I), [1, 1, I]);
  return { result: join(outputs), run: () => step(x) };
}

/** The machine's peak, where no other BLAS is there to show it. */
function gemm(): Prepared {
  const a = keep(new Float32Array(1024 * 1024).fill(0.5), [1024, 1024]) as tf.Tensor2D;
  return { result: null, run: () => tf.matMul(a, a).dispose() };
}
