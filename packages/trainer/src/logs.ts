import { GatewiseError } from '@gatewise/core';
import type { Logs } from '@gatewise/plugin';
import * as tf from '@tensorflow/tfjs-core';

/** How a number counts in the mean over an epoch, and what becomes of that. */
export interface Counting {
  readonly weight: number;
  readonly finish?: (mean: number) => number;
  readonly part?: Part;
}
/** A number that is made of several means, in the order in which they came: precision, of hits and of predictions. */
export interface Part {
  readonly of: string;
  value(means: readonly number[]): number;
}
/** What becomes of a mean. */
export type Ending = Pick<Counting, 'finish' | 'part'>;

/** Means as they stand in logs. */
function ended(means: Iterable<readonly [name: string, mean: number, ending: Ending | undefined]>): Logs {
  const logs: { [name: string]: number } = {};
  const joined = new Map<string, { readonly part: Part; readonly means: number[] }>();
  for (const [name, mean, { finish, part } = {}] of means) {
    if (part === undefined) logs[name] = finish?.(mean) ?? mean;
    else {
      const together = joined.get(part.of) ?? { part, means: [] };
      together.means.push(mean);
      joined.set(part.of, together);
    }
  }
  for (const [name, { part, means }] of joined) logs[name] = part.value(means);
  return logs;
}

/** Numbers by name, on the host or still on the device: one step's loss and reports, or an epoch's. */
export class Report {
  readonly host = new Map<string, number>();
  readonly device = new Map<string, tf.Tensor>();
  readonly counting = new Map<string, Counting>();
  /** Names on the host whose values were tensors. */
  readonly #read = new Set<string>();
  #reading: Promise<void> = Promise.resolve();

  /** Adds or replaces. A tensor stays the caller's. Errors: `GW_PLUGIN_REPORT`. */
  set(name: string, value: number | tf.Tensor, counting?: Counting): void {
    const scalar = value instanceof tf.Tensor;
    if (scalar ? value.size !== 1 || value.isDisposed : typeof value !== 'number') {
      throw new GatewiseError(
        'GW_PLUGIN_REPORT',
        `got ${scalar ? `a tensor [${value.shape}]` : typeof value} as "${name}", wanted a number or a scalar that lives`,
      );
    }
    this.device.get(name)?.dispose();
    this.device.delete(name);
    this.host.delete(name);
    this.#read.delete(name);
    if (counting) this.counting.set(name, counting);
    if (scalar) this.device.set(name, keepScalar(value));
    else this.host.set(name, value);
  }

  /** Everything on the host: one read of the device, or none. */
  async read(): Promise<Logs> {
    this.#reading = this.#reading.then(() => this.#drain());
    await this.#reading;
    return ended([...this.host].map(([name, value]) => [name, value, this.counting.get(name)]));
  }

  wasRead(name: string): boolean {
    return this.#read.has(name);
  }

  /** Waits for reads that nobody awaited. */
  async settle(): Promise<void> {
    await this.#reading;
  }

  dispose(): void {
    for (const scalar of this.device.values()) scalar.dispose();
    this.device.clear();
  }

  async #drain(): Promise<void> {
    const names = [...this.device.keys()];
    const values = await readScalars([...this.device.values()], () => this.dispose());
    names.forEach((name, i) => {
      // A report made while the read was under way is newer.
      if (this.host.has(name) || this.device.has(name)) return;
      this.host.set(name, values[i] as number);
      this.#read.add(name);
    });
  }
}

interface Sum {
  /** What was flushed, and numbers that plugins gave: float64. */
  host: number;
  /** Values of tensors since then: a float32 sum, on the device, or on the host where all had been read already. */
  recent: number | tf.Tensor;
  weight: number;
  ending?: Ending | undefined;
}

/**
 * Means over an epoch: one running sum a name, on the device where the values are, so nothing waits and nothing piles up.
 * Whether somebody reads a step's values, and when, changes no bit of them.
 */
export class Means {
  readonly #sums = new Map<string, Sum>();

  /** Adds a step. `loss` counts `size` times, a metric as it says, whatever else was reported once. */
  add(step: Report, size: number): void {
    for (const [name, value] of step.host) {
      const counting = count(step, name, size);
      const sum = this.#sum(name, counting);
      if (step.wasRead(name)) addRecent(sum, Math.fround(value * counting.weight));
      else sum.host += value * counting.weight;
    }
    for (const [name, value] of step.device) {
      const counting = count(step, name, size);
      const { weight } = counting;
      const term = tf.tidy(() => tf.keep(weight === 1 ? tf.clone(value) : tf.mul(value, weight)));
      addRecent(this.#sum(name, counting), term);
    }
  }

  /** Moves the sums to the host: one read, or none. */
  async flush(): Promise<void> {
    const sums = [...this.#sums.values()];
    const waiting = sums.filter(({ recent }) => recent instanceof tf.Tensor);
    const tensors = waiting.map(({ recent }) => recent as tf.Tensor);
    const values = await readScalars(tensors, () => tf.dispose(tensors));
    waiting.forEach((sum, i) => {
      sum.recent = values[i] as number;
    });
    for (const sum of sums) {
      sum.host += sum.recent as number;
      sum.recent = 0;
    }
  }

  /** Means of what was flushed. */
  values(): Logs {
    return ended([...this.#sums].map(([name, { host, weight, ending }]) => [name, host / weight, ending]));
  }

  /** The sums of what was flushed, for checkpoints. */
  sums(): { name: string; sum: number; weight: number }[] {
    return [...this.#sums].map(([name, { host, weight }]) => ({ name, sum: host, weight }));
  }

  /** Goes on from `sums`; what becomes of a mean is said anew. */
  restore(
    sums: readonly { readonly name: string; readonly sum: number; readonly weight: number }[],
    endingOf: (name: string) => Ending | undefined,
  ): void {
    for (const { name, sum, weight } of sums) {
      this.#sums.set(name, { host: sum, recent: 0, weight, ending: endingOf(name) });
    }
  }

  dispose(): void {
    for (const { recent } of this.#sums.values()) if (recent instanceof tf.Tensor) recent.dispose();
    this.#sums.clear();
  }

  #sum(name: string, { weight, ...ending }: Counting): Sum {
    const sum = this.#sums.get(name) ?? { host: 0, recent: 0, weight: 0 };
    sum.weight += weight;
    sum.ending = ending;
    this.#sums.set(name, sum);
    return sum;
  }
}

/** Σ ← Σ + term, in float32; a term on the device is taken over. */
function addRecent(sum: Sum, term: number | tf.Tensor): void {
  const { recent } = sum;
  if (recent === 0) sum.recent = term;
  else if (typeof recent === 'number' && typeof term === 'number') sum.recent = Math.fround(recent + term);
  else {
    sum.recent = tf.tidy(() => tf.keep(tf.add(recent, term)));
    tf.dispose([recent, term].filter((t) => t instanceof tf.Tensor));
  }
}

const count = (step: Report, name: string, size: number): Counting =>
  step.counting.get(name) ?? { weight: name === 'loss' ? size : 1 };

function keepScalar(value: tf.Tensor): tf.Tensor {
  return tf.tidy(() => tf.keep(tf.cast(tf.reshape(value, []), 'float32')));
}

/** One read for all; `taken` runs as soon as they are copied. */
async function readScalars(scalars: readonly tf.Tensor[], taken: () => void): Promise<ArrayLike<number>> {
  if (scalars.length === 0) return [];
  const together = tf.tidy(() => tf.keep(tf.stack([...scalars])));
  taken();
  try {
    return await together.data();
  } finally {
    together.dispose();
  }
}
