import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { gru } from '@gatewise/cells';
import { recur } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs';
import { liveReserves, loadNative } from '../index.js';

// Run as a program: three workers and the main thread train at once and must agree; then a worker is ended in its
// work, and last the process itself while another works.

const [B, T, I, H] = [16, 20, 32, 48];
const fill = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 0.3, 'float32', seed);

/** Some steps of gradient descent; gives the sum of what became of R. */
async function train(steps: number): Promise<number> {
  await tf.setBackend('cpu');
  await loadNative();
  const x = fill([B, T, I], 1);
  const W = tf.variable(fill([I, 3 * H], 2));
  const R = tf.variable(fill([H, 3 * H], 3));
  const b = tf.variable(fill([3 * H], 4));
  const optimizer = tf.train.sgd(0.01);
  for (let step = 0; step < steps; step++) {
    optimizer.minimize(() => tf.mean(tf.square(recur(gru, { x, W, R, b, engine: 'native' }).y)) as tf.Scalar);
  }
  return tf.tidy(() => tf.sum(tf.abs(R)).dataSync()[0]!);
}

if (isMainThread) {
  // no top-level await: what is run with tsx may be a CommonJS module
  void (async () => {
    const here = new URL(import.meta.url);
    // a worker inherits the condition, but not tsx's loader
    const program = `import('tsx/esm/api').then((tsx) => { tsx.register(); import(${JSON.stringify(here.href)}); })`;
    const start = (steps: number) => new Worker(program, { eval: true, workerData: steps });
    const answers = [start(20), start(20), start(20)].map((worker) => once(worker, 'message'));
    const sums = [await train(20), ...(await Promise.all(answers)).map(([sum]) => sum as number)];
    const ended = start(1e9);
    await once(ended, 'online');
    await new Promise((done) => setTimeout(done, 300));
    await ended.terminate();
    const endless = start(1e9);
    await once(endless, 'online');
    await new Promise((done) => setTimeout(done, 300));
    process.stdout.write(JSON.stringify({ sums, live: liveReserves() }), () => process.exit(0));
  })();
} else {
  void train(workerData as number).then((sum) => parentPort!.postMessage(sum));
}
