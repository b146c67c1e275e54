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

  /** Values to go on from: `x/i` and `before/i/k` of each batch kept, oldest first, `after/k`. */
  saved(): Record<string, tf.Tensor> {
    const named: [string, tf.Tensor][] = this.#chunks.flatMap(({ x, before }, i) => [
      [`x/${i}`, x],
      ...before.map((state, k): [string, tf.Tensor] => [`before/${i}/${k}`, state]),
    ]);
    return Object.fromEntries([
      ...named,
      ...this.#after.map((state, k): [string, tf.Tensor] => [`after/${k}`, state]),
    ]);
  }

  /** Takes back what `saved` gave, of the same k1, k2 and states. Errors: `GW_TBPTT_STATE`. */
  restore(saved: Readonly<Record<string, tf.Tensor>>): void {
    const count = Object.keys(saved).filter((name) => name.startsWith('x/')).length;
    const states = (prefix: string) => this.shapes.map((shape, k) => checked(saved, `${prefix}/${k}`, shape));
    const before = Array.from({ length: count }, (_, i) => states(`before/${i}`));
    const after = count > 0 ? states('after') : [];
    if (count > this.count) {
      throw new GatewiseError(
        'GW_TBPTT_STATE',
        `got ${count} saved batches, wanted at most k2 / k1 = ${this.count}, as when they were saved`,
      );
    }
    const own = (t: tf.Tensor) => tf.keep(tf.clone(t));
    this.forget();
    this.#chunks.push(...before.map((b, i) => ({ x: own(saved[`x/${i}`]!), before: b.map(own) })));
    this.#after = after.map(own);
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

function checked(
  saved: Readonly<Record<string, tf.Tensor>>,
  name: string,
  shape: readonly number[],
): tf.Tensor {
  const state = saved[name];
  if (state && tf.util.arraysEqual(state.shape.slice(1), [...shape])) return state;
  throw new GatewiseError(
    'GW_TBPTT_STATE',
    `got ${state ? `[${state.shape}]` : 'none'} as the saved state "${name}", wanted [B,${shape}]; build the model that was saved`,
  );
}
