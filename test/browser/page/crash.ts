import * as tf from '@tensorflow/tfjs-core';
import { backend, type PageBackend } from './backend.js';

/** A page whose browser loses its GPU process between a computation and its read. */
interface CrashPage {
  /** Computes squares of 2 and 3 on a backend that is asked for anew, and leaves them unread. */
  compute(name: PageBackend): Promise<string>;
  /** What a read says: numbers, or the code of an error. */
  read(): Promise<string>;
}

let squares: tf.Tensor;
const page: CrashPage = {
  async compute(name) {
    const { engine } = await backend(name);
    squares = tf.tidy(() => tf.square(tf.tensor1d([2, 3])));
    return engine;
  },
  read: () =>
    squares.data().then(
      (values) => [...values].join(),
      (error) => (error as { code?: string }).code ?? String(error),
    ),
};
(globalThis as { crashPage?: CrashPage }).crashPage = page;
