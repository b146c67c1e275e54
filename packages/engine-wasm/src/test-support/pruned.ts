import { lstm } from '@gatewise/cells';
import { recur } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs';
import { liveReserves, loadWasm } from '../index.js';

// Run as a program with --expose-gc: losses that do not read the op, so that its backward never runs.

void (async () => {
  await tf.setBackend('cpu');
  await loadWasm();
  const fill = (shape: number[]) => tf.fill(shape, 0.1);
  const [x, W, R] = [fill([3, 5, 4]), fill([4, 24]), fill([6, 24])];
  const b = tf.variable(fill([24]));
  const tensors = tf.memory().numTensors;
  const during: number[] = [];
  for (let step = 0; step < 3; step++) {
    const { value, grads } = tf.variableGrads(() => {
      for (let twice = 0; twice < 2; twice++) recur(lstm, { x: x!, W: W!, R: R!, b, engine: 'wasm' });
      during.push(liveReserves());
      return tf.sum(b) as tf.Scalar;
    }, [b]);
    tf.dispose([value, grads]);
  }
  const before = liveReserves();
  for (let turn = 0; turn < 10 && liveReserves() > 0; turn++) {
    globalThis.gc!();
    await new Promise((done) => setTimeout(done, 20));
  }
  console.log(
    JSON.stringify({ during, before, after: liveReserves(), tensors: tf.memory().numTensors - tensors }),
  );
})();
