import type { Batch } from '@gatewise/plugin';
import * as tf from '@tensorflow/tfjs-core';
import {
  type Batches,
  type BatchFunction,
  type BatchSource,
  countBatches,
  disposeBatch,
  openBatches,
} from './batches.js';
import type { TrainOptions } from './train-options.js';

/** The batches of a run, and what holding some of them needs at its end. */
export interface Chosen {
  readonly batches: Batches;
  readonly validation: Batches | undefined;
  dispose(): void;
}

/** What `overfitBatches`, `limitBatches` and `fastDevRun` leave of the batches. */
export function chooseBatches(batches: Batches, options: TrainOptions): Chosen {
  const { overfitBatches, limitBatches, fastDevRun, validation } = options;
  if (overfitBatches !== undefined) {
    const held = new HeldBatches(batches, overfitBatches);
    return { batches: held.source, validation: held.source, dispose: () => held.dispose() };
  }
  const both =
    typeof limitBatches === 'number' ? { training: limitBatches, validation: limitBatches } : limitBatches;
  const limits = fastDevRun ? { training: 1, validation: 1 } : (both ?? {});
  return {
    batches: firstBatches(batches, limits.training),
    validation: validation && firstBatches(validation, limits.validation),
    dispose() {},
  };
}

/** At most n batches of each epoch; the source is closed after them. */
function firstBatches(batches: Batches, n: number | undefined): Batches {
  if (n === undefined) return batches;
  const steps = countBatches(batches);
  const { seek } = batches as { readonly seek?: BatchFunction['seek'] };
  return Object.assign((epoch: number) => first(openBatches(batches, epoch), n), {
    ...(steps !== undefined && { steps: Math.min(steps, n) }),
    ...(seek && { seek: (epoch: number, from: number) => first(seek(epoch, from), n - from) }),
  });
}

async function* first(source: BatchSource, n: number): AsyncGenerator<Batch> {
  if (n <= 0) return;
  let count = 0;
  for await (const batch of source) {
    yield batch;
    if (++count >= n) return;
  }
}

/** The first n batches of the first epoch, the same in every pass: they are read once and handed out as clones. */
class HeldBatches {
  readonly source: Batches;
  #held: Promise<Batch[]> | undefined;
  readonly #live: Batch[] = [];

  constructor(batches: Batches, n: number) {
    const steps = countBatches(batches);
    const pass = () => this.#pass(firstBatches(batches, n));
    this.source = steps === undefined ? pass : Object.assign(pass, { steps: Math.min(steps, n) });
  }

  dispose(): void {
    this.#live.splice(0).forEach(disposeBatch);
  }

  async *#pass(batches: Batches): AsyncGenerator<Batch> {
    this.#held ??= this.#take(openBatches(batches, 0));
    for (const { x, y, ...rest } of await this.#held) {
      yield { ...rest, x: Array.isArray(x) ? x.map(clone) : clone(x as tf.Tensor), y: clone(y) };
    }
  }

  async #take(source: BatchSource): Promise<Batch[]> {
    for await (const batch of source) this.#live.push(batch);
    return this.#live;
  }
}

/** What is no tensor that lives is told when the batch is checked. */
const clone = (t: tf.Tensor): tf.Tensor => (t instanceof tf.Tensor && !t.isDisposed ? tf.clone(t) : t);
