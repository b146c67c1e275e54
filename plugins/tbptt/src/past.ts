import { GatewiseError } from '@gatewise/core';
import * as tf from '@tensorflow/tfjs-core';

/** One batch of k1 steps, and the states before it. */
interface Chunk {
  readonly x: tf.Tensor; // [B,k1,…]
  readonly before: readonly tf.Tensor[]; // [B,…]
}

/** The last batches of a stream and the states before each: values, kept from step to step. */
export class Past {
  readonly #chunks: Chunk[] = [];
  /** After the last batch: those before the next. */
  #after: tf.Tensor[] = [];
  /** The backward pass of the last step may still read them. */
  #stale: Chunk[] = [];

  constructor(
    readonly count: number,
    readonly shapes: readonly (readonly number[])[],
  ) {}

  /** Adds a batch; gives the window that ends with it [B,≤ k2,…], and the states before the window. Errors: `GW_TBPTT_ROWS`. */
  take(x: tf.Tensor, carry: boolean): { window: tf.Tensor; states: readonly tf.Tensor[] } {
    this.#drop();
    const B = x.shape[0]!;
    if (!carry || this.#after.length === 0) this.#restart(B);
    this.#checkRows(B);
    this.#chunks.push({ x: tf.keep(tf.clone(x)), before: this.#after });
    this.#after = [];
    while (this.#chunks.length > this.count) this.#stale.push(this.#chunks.shift()!);
    const [first] = this.#chunks;
    const window =
      this.#chunks.length === 1
        ? x
        : tf.concat(
            this.#chunks.map((chunk) => chunk.x),
            1,
          );
    return { window, states: first!.before };
  }

  keep(after: readonly tf.Tensor[]): void {
    this.#after = after.map((state) => tf.keep(tf.clone(state)));
  }

  forget(): void {
    this.#stale.push(...this.#chunks.splice(0));
    this.#drop();
    tf.dispose(this.#after);
    this.#after = [];
  }

  #restart(B: number): void {
    this.#stale.push(...this.#chunks.splice(0));
    tf.dispose(this.#after);
    this.#after = this.shapes.map((shape) => tf.keep(tf.zeros([B, ...shape])));
  }

  #drop(): void {
    for (const { x, before } of this.#stale.splice(0)) tf.dispose([x, ...before]);
  }

  #checkRows(B: number): void {
    const kept = this.#after[0]!.shape[0];
    if (kept === B) return;
    throw new GatewiseError(
      'GW_TBPTT_ROWS',
      `got a batch of ${B} rows that carries on, wanted ${kept} as in the batch before; drop the odd last batch`,
    );
  }
}
