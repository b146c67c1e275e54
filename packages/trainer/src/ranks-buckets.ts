import type { Communicator, Gradients } from '@gatewise/plugin';
import * as tf from '@tensorflow/tfjs-core';

/** Tensors of a step behind one another in one array, which travels in buckets: one copy in, one copy out. */
export class GradientBuckets {
  readonly #communicator: Communicator;
  #flat = new Float32Array(0);

  constructor(communicator: Communicator) {
    this.#communicator = communicator;
  }

  /** Σ w t / d over ranks, `weight` the w of this one; the tensors are disposed of. Each bucket travels while the next is packed. */
  async mean(tensors: Gradients, weight: number, d = 1): Promise<Record<string, tf.Tensor>> {
    const entries = Object.entries(tensors);
    const values = (await Promise.all(entries.map(([, t]) => t.data()))) as Float32Array[];
    this.#fit(values.reduce((n, v) => n + v.length, 0));
    await this.#send(values, weight);
    tf.dispose(entries.map(([, t]) => t));
    let at = 0;
    return Object.fromEntries(
      entries.map(([name, { shape, size }]) => {
        const part = this.#flat.slice(at, at + size);
        at += size;
        if (d !== 1) for (let i = 0; i < size; i++) part[i] = (part[i] as number) / d;
        return [name, tf.tensor(part, shape, 'float32')];
      }),
    );
  }

  #fit(size: number): void {
    if (this.#flat.length !== size) this.#flat = new Float32Array(size);
  }

  async #send(values: readonly Float32Array[], weight: number): Promise<void> {
    const flat = this.#flat;
    const bucket = Math.max(1, Math.floor(this.#communicator.work.bucketBytes / 4));
    const travelling: Promise<void>[] = [];
    let sent = 0;
    let at = 0;
    for (const v of values) {
      // up to the end of a bucket, then on
      for (let i = 0; i < v.length; ) {
        const n = Math.min(v.length - i, sent + bucket - at);
        for (let j = 0; j < n; j++) flat[at + j] = (v[i + j] as number) * weight;
        i += n;
        at += n;
        if (at - sent < bucket) continue;
        travelling.push(this.#communicator.allReduce(flat.subarray(sent, at)));
        sent = at;
      }
    }
    if (at > sent) travelling.push(this.#communicator.allReduce(flat.subarray(sent, at)));
    await Promise.all(travelling);
  }
}
