import * as tf from '@tensorflow/tfjs-core';
import type { Home } from './home.js';
import { Session } from './session.js';

/**
 * out[s] = Σ x[k] over ids[k] = s: the gradient of a gather, which tf.js' wasm backend has no kernel for. As on its other
 * backends, an id outside [0, segments) adds to nothing.
 */
export function registerSegmentSum(homeOf: (backend: tf.KernelBackend) => Home): void {
  if (tf.getKernel('UnsortedSegmentSum', 'wasm')) return;
  tf.registerKernel({
    kernelName: 'UnsortedSegmentSum',
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs, backend }) => {
      const { x, segmentIds } = inputs as { x: tf.Tensor; segmentIds: tf.Tensor };
      const { numSegments } = attrs as unknown as { numSegments: number };
      const home = homeOf(backend as tf.KernelBackend);
      return tf.tidy(() => segmentSum(home, x, segmentIds, numSegments));
    },
  });
}

function segmentSum(home: Home, x: tf.Tensor, ids: tf.Tensor, segments: number): tf.Tensor {
  const rows = ids.size;
  const inner = x.shape.slice(ids.rank);
  const width = inner.reduce((n, d) => n * d, 1);
  const session = new Session(home);
  try {
    const [from, by] = [session.input(x, 'floats'), session.input(ids, 'ids')];
    const out = session.output(segments, ...inner);
    home.exports.segmentSum(from, by, rows, width, segments, out.at);
    const sum = out.tensor();
    return x.dtype === 'float32' ? sum : tf.cast(sum, x.dtype);
  } finally {
    session.end();
  }
}
