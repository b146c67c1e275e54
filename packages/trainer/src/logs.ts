import { GatewiseError } from '@gatewise/core';
import type { Logs } from '@gatewise/plugin';
import * as tf from '@tensorflow/tfjs-core';

/** Numbers by name, on the host or still on the device: one step's loss and reports, or an epoch's. */
export class Report {
  readonly host = new Map<string, number>();
  readonly device = new Map<string, tf.Tensor>();
  #reading: Promise<void> = Promise.resolve();

  /** Adds or replaces. A tensor stays the caller's. Errors: `GW_PLUGIN_REPORT`. */
  set(name: string, value: number | tf.Tensor): void {
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
    if (scalar) this.device.set(name, keepScalar(value));
    else this.host.set(name, value);
  }

  /** Everything on the host: one read of the device, or none. */
  async read(): Promise<Logs> {
    this.#reading = this.#reading.then(() => this.#drain());
    await this.#reading;
    return Object.fromEntries(this.host);
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
      if (!this.host.has(name) && !this.device.has(name)) this.host.set(name, values[i] as number);
    });
  }
}

interface Sum {
  host: number;
  device?: tf.Tensor | undefined;
  weight: number;
}

/** Means over an epoch: one running sum a name, on the device where the values are, so nothing waits and nothing piles up. */
export class Means {
  readonly #sums = new Map<string, Sum>();

  /** Adds a step. `loss` counts `size` times, whatever else was reported once. */
  add(step: Report, size: number): void {
    for (const [name, value] of step.host) {
      const sum = this.#sum(name, weigh(name, size));
      sum.host += value * weigh(name, size);
    }
    for (const [name, value] of step.device) {
      const weight = weigh(name, size);
      const sum = this.#sum(name, weight);
      const last = sum.device;
      // Σ ← Σ + w·v
      sum.device = tf.tidy(() => {
        const term = weight === 1 ? tf.clone(value) : tf.mul(value, weight);
        return tf.keep(last ? tf.add(last, term) : term);
      });
      last?.dispose();
    }
  }

  /** Moves the sums to the host: one read, or none. */
  async flush(): Promise<void> {
    const waiting = [...this.#sums.values()].filter((sum) => sum.device);
    const values = await readScalars(
      waiting.map((sum) => sum.device as tf.Tensor),
      () => {
        for (const sum of waiting) {
          sum.device?.dispose();
          sum.device = undefined;
        }
      },
    );
    waiting.forEach((sum, i) => {
      sum.host += values[i] as number;
    });
  }

  /** Means of what was flushed. */
  values(): Logs {
    return Object.fromEntries([...this.#sums].map(([name, { host, weight }]) => [name, host / weight]));
  }

  /** The sums of what was flushed, for checkpoints. */
  sums(): { name: string; sum: number; weight: number }[] {
    return [...this.#sums].map(([name, { host, weight }]) => ({ name, sum: host, weight }));
  }

  /** Goes on from `sums`. */
  restore(sums: readonly { readonly name: string; readonly sum: number; readonly weight: number }[]): void {
    for (const { name, sum, weight } of sums) this.#sums.set(name, { host: sum, weight });
  }

  dispose(): void {
    for (const { device } of this.#sums.values()) device?.dispose();
    this.#sums.clear();
  }

  #sum(name: string, weight: number): Sum {
    const sum = this.#sums.get(name) ?? { host: 0, weight: 0 };
    sum.weight += weight;
    this.#sums.set(name, sum);
    return sum;
  }
}

const weigh = (name: string, size: number) => (name === 'loss' ? size : 1);

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
