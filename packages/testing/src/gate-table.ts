import { lstm } from '@gatewise/cells';
import { recur } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs-core';
import { assertAtMost } from './assertions.js';

/** The lecture's table: what the popular LSTM does to its memory when i and f are forced open (1) or shut (0). */
export const gateTable = [
  { i: 0, f: 1, does: 'remembers', memory: (c: number, _g: number) => c },
  { i: 1, f: 1, does: 'adds', memory: (c: number, g: number) => c + g },
  { i: 0, f: 0, does: 'erases', memory: (_c: number, _g: number) => 0 },
  { i: 1, f: 0, does: 'overwrites', memory: (_c: number, g: number) => g },
] as const;

const [B, T, I, H] = [2, 3, 2, 3];

/** Shows a row of the table on an engine, over three steps: biases of ±1000 make σ exactly 1 or 0 in float32. */
export async function assertGateRow(row: (typeof gateTable)[number], engine?: string): Promise<void> {
  const force = (open: number) => tf.fill([H], open === 1 ? 1000 : -1000);
  const candidate = [0.3, -0.7, 1.1];
  const c0 = [0.5, -1.25, 2, -0.25, 0.75, -3];
  const outputs = tf.tidy(() => {
    const { y, final } = recur(lstm, {
      x: tf.ones([B, T, I]),
      W: tf.zeros([I, 4 * H]),
      R: tf.zeros([H, 4 * H]),
      b: tf.concat([force(row.i), force(row.f), tf.tensor1d(candidate), force(1)]),
      state0: { c: tf.tensor2d(c0, [B, H]) },
      ...(engine !== undefined && { engine }),
    });
    return { c: final.c!, y };
  });
  const [c, y] = await Promise.all([outputs.c.data(), outputs.y.data()]);
  tf.dispose(outputs);
  c0.forEach((start, n) => {
    const g = Math.tanh(candidate[n % H]!);
    let wanted = start;
    for (let t = 0; t < T; t++) {
      wanted = row.memory(wanted, g);
      const h = y[(Math.floor(n / H) * T + t) * H + (n % H)]!;
      assertAtMost(`h = tanh(c) at step ${t} where it ${row.does}`, Math.abs(h - Math.tanh(wanted)), 1e-6);
    }
    assertAtMost(`c where it ${row.does}`, Math.abs(c[n]! - wanted), 1e-6);
  });
}
