/** One training step over T steps on one engine under one setting of the memory dial; prints its peaks as JSON. */
import { useBackend } from '@gatewise/backends';
import { lstm } from '@gatewise/cells';
import { foldKey } from '@gatewise/core';
import { type Memory, recur } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs';

const [engine = '', memory = '', T = ''] = process.argv.slice(2);
const [B, I, H] = [8, 16, 64];
const MiB = 1024 * 1024;

/** The most bytes that tf.js ever counted; it counts what its tape saved twice. */
function watchTensors(): () => number {
  const state = tf.engine() as unknown as { trackTensor(...args: unknown[]): void };
  const track = state.trackTensor.bind(state);
  let peak = 0;
  state.trackTensor = (...args) => {
    track(...args);
    peak = Math.max(peak, tf.memory().numBytes);
  };
  return () => peak;
}

await useBackend(engine === 'wasm' ? 'wasm' : 'cpu');
const normal = (shape: number[], n: number) => tf.randomNormal(shape, 0, 0.2, 'float32', foldKey(1, n));
const weights = [normal([I, 4 * H], 1), normal([H, 4 * H], 2), normal([4 * H], 3)].map((w) => tf.variable(w));
const [W, R, b] = weights as [tf.Variable, tf.Variable, tf.Variable];
const dial = /^\d+$/.test(memory) ? Number(memory) : (memory as Memory);
const step = (steps: number) => {
  const x = normal([B, steps, I], 4);
  const { value, grads } = tf.variableGrads(
    () => tf.mean(recur(lstm, { x, W, R, b, engine, memory: dial }).y) as tf.Scalar,
    weights,
  );
  tf.dispose([x, value]);
  return weights.map((w) => grads[w.name]!);
};
// what an engine sets up once is not what a step keeps
tf.dispose(step(20));
const rss = process.resourceUsage().maxRSS / 1024;
const bytes = tf.memory().numBytes;
const tensors = watchTensors();
const start = process.cpuUsage();
const gradients = await Promise.all(step(Number(T)).map((g) => g.data()));
const { user, system } = process.cpuUsage(start);
const result = {
  engine,
  memory: dial,
  T: Number(T),
  rssMiB: Math.round(process.resourceUsage().maxRSS / 1024 - rss),
  tensorsMiB: Math.round((tensors() - bytes) / MiB),
  // of all threads: what else runs on the machine does not count
  cpuSeconds: Number(((user + system) / 1e6).toFixed(2)),
  gradients: gradients.map((g) => Buffer.from(new Float32Array(g).buffer).toString('base64')),
};
console.log(JSON.stringify(result));
