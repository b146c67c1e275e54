import { lstm, vanilla } from '@gatewise/cells';
import { recur, registerEngine } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs';
import { findAddon, type Addon } from './addon.js';
import { nativeEngine } from './engine.js';
import { loadNative } from './index.js';
void (async () => {
  await tf.setBackend('cpu');
  console.log(await loadNative());
  const addon = findAddon() as Addon;
  const [f0, b0] = [addon.forward, addon.backward];
  let inside = 0;
  const wrap = (f: Function) => (...a: unknown[]) => { const t = performance.now(); const r = f.apply(addon, a); inside += performance.now() - t; return r; };
  registerEngine(nativeEngine({ ...addon, describe: addon.describe, forward: wrap(f0), backward: wrap(b0) } as any));
  for (const [B, T, I, H, reps] of [[32, 50, 64, 128, 60], [64, 100, 128, 256, 5], [1, 1, 128, 128, 3000], [1, 50, 16, 32, 500]] as const) {
    const x = tf.variable(tf.randomNormal([B, T, I])), W = tf.variable(tf.randomNormal([I, 4 * H], 0, .1)), R = tf.variable(tf.randomNormal([H, 4 * H], 0, .1)), b = tf.variable(tf.zeros([4 * H]));
    const dy = tf.ones([B, T, H]);
    const stats: Record<string, number[][]> = { fwd: [], grad: [] };
    for (let i = 0; i < reps; i++) {
      inside = 0; let t = performance.now();
      tf.dispose(recur(lstm, { x, W, R, b, engine: 'native' }));
      stats.fwd!.push([performance.now() - t, inside]);
      inside = 0; t = performance.now();
      const g = tf.tidy(() => tf.engine().gradients(() => recur(lstm, { x, W, R, b, engine: 'native' }).y, [x, W, R, b], dy).grads);
      stats.grad!.push([performance.now() - t, inside]);
      tf.dispose(g);
    }
    for (const [k, v] of Object.entries(stats)) {
      v.sort((a, b) => a[0]! - b[0]!);
      const best = v[0]!, med = v[v.length >> 1]!;
      console.log([B, T, I, H].join(','), k, `min ${best[0]!.toFixed(3)} inside ${best[1]!.toFixed(3)} | median ${med[0]!.toFixed(3)} inside ${med[1]!.toFixed(3)}`);
    }
  }
})();
