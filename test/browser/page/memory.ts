import { lstm } from '@gatewise/cells';
import type { AnyCell } from '@gatewise/core';
import { liveReserves } from '@gatewise/engine-wasm';
import { recur } from '@gatewise/recurrence';
import type { Runner } from '@gatewise/testing';
import * as tf from '@tensorflow/tfjs-core';
import { backend, type PageBackend, wasmMemory } from './backend.js';

/** What the engine keeps for backward, in its own memory or in the backend's. */
export function memorySuite({ describe, it }: Runner): void {
  describe('memory of the engine wasm', () => {
    it('on wasm it is given back by backward', () => keeps('wasm', 1));
    it('on cpu it is given back by backward', () => keeps('cpu', 1));
  });
}

/** A sequence that the backend's memory has no room for at first. */
export function growthSuite({ it }: Runner): void {
  it('the memory of the backend wasm grows under the engine', grows);
}

async function keeps(on: PageBackend, wanted: number): Promise<void> {
  await backend(on);
  const before = liveReserves();
  let during = -1;
  tf.tidy(() => {
    const W = tf.ones([2, 12]);
    const R = tf.ones([3, 12]);
    const b = tf.zeros([12]);
    const loss = (x: tf.Tensor) => {
      const { y } = recur(lstm as unknown as AnyCell, { x: x as tf.Tensor3D, W, R, b, engine: 'wasm' });
      during = liveReserves() - before;
      return tf.sum(y);
    };
    tf.grad(loss)(tf.ones([4, 5, 2]));
  });
  const after = liveReserves() - before;
  if (during === wanted && after === 0) return;
  throw new Error(`got ${during} reserves before backward and ${after} after, wanted ${wanted} and 0`);
}

/** 20 MB of states and gates, in a memory that has 16 at first. */
const [B, T, I, H] = [32, 128, 16, 160];

async function grows(): Promise<void> {
  await backend('wasm');
  const got = await gradients('wasm');
  const size = wasmMemory().byteLength;
  if (size < 20e6) throw new Error(`got a memory of ${size} bytes, wanted one that has grown beyond 20 MB`);
  const wanted = await gradients('ops');
  wanted.forEach((values, k) => {
    const most = values.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
    const off = values.reduce((m, v, i) => Math.max(m, Math.abs(v - got[k]![i]!)), 0);
    if (!(off <= 1e-4 * most))
      throw new Error(`gradient ${k}: got it off by ${off} where it reaches ${most}`);
  });
}

/** d Σ y ⊗ y by x, W, R. */
async function gradients(engine: string): Promise<Float32Array[]> {
  const draw = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 0.1, 'float32', seed);
  const made = tf.tidy(() => {
    const b = tf.zeros([4 * H]);
    const loss = (x: tf.Tensor, W: tf.Tensor, R: tf.Tensor) =>
      tf.sum(tf.square(recur(lstm as unknown as AnyCell, { x: x as tf.Tensor3D, W, R, b, engine }).y));
    return tf.grads(loss)([draw([B, T, I], 1), draw([I, 4 * H], 2), draw([H, 4 * H], 3)]);
  });
  const values = await Promise.all(made.map((g) => g.data() as Promise<Float32Array>));
  tf.dispose(made);
  return values;
}
