import { lstm } from '@gatewise/cells';
import type { AnyCell } from '@gatewise/core';
import { liveReserves } from '@gatewise/engine-wasm';
import { recur } from '@gatewise/recurrence';
import type { Runner } from '@gatewise/testing';
import * as tf from '@tensorflow/tfjs-core';
import { backend, type PageBackend } from './backend.js';

/** Whose memory the engine works in: what it keeps for backward lies in its own, or is a tensor of the backend. */
export function memorySuite({ describe, it }: Runner): void {
  describe('memory of the engine wasm', () => {
    it("on wasm it is the backend's: nothing is copied", () => keeps('wasm', 0));
    it('on cpu it is its own', () => keeps('cpu', 1));
  });
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
  throw new Error(
    `got ${during} reserves of its own before backward and ${after} after, wanted ${wanted} and 0`,
  );
}
