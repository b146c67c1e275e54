import { GatewiseError } from '@gatewise/core';
import type { Gradients } from '@gatewise/plugin';
import * as tf from '@tensorflow/tfjs-core';
import type { Report } from './logs.js';
import type { Metric } from './metrics.js';
import type { Ranks } from './ranks.js';
import { GradientBuckets } from './ranks-buckets.js';

/** What a rank has of a step before it is reduced: gradients of its rows, or what a plugin said instead. */
type Local = Gradients | null | 'later';

/** One message a step: [ended, which, skipped, later, targets, rows, rows², Σ w v and Σ w of loss and metrics]. */
const HEAD = 7;

/** Reduces what ranks computed of a step, each of its own rows, to what one process would have of all of them. */
export class StepReduction {
  readonly #ranks: Ranks;
  readonly #metrics: readonly Metric[];
  readonly #buckets: GradientBuckets;
  /** Targets behind the gradients to come: those of batches that were put off too. */
  #pending = 0;
  #checkedRows = false;

  constructor(ranks: Ranks, metrics: readonly Metric[]) {
    this.#ranks = ranks;
    this.#metrics = metrics;
    this.#buckets = new GradientBuckets(ranks.communicator);
  }

  /**
   * The gradients of all rows: Σ n g / Σ n over ranks, n the targets of each (their mean where all n are 0); null where one
   * rank skips. The report gets the means over ranks. `g` is disposed of. Errors: `GW_RANKS_UNEQUAL` on every rank.
   */
  async step(
    g: Local,
    report: Report,
    targets: number,
    rows: number,
  ): Promise<{ g: Local; targets: number }> {
    if (g !== null) this.#pending += targets;
    const n = g === 'later' ? 0 : this.#pending;
    const [later, total, all] = await this.#head(g, report, n, targets, rows);
    if (g === 'later' || g === null || later === 'skipped') {
      if (g !== 'later') this.#pending = 0;
      if (g !== 'later' && g !== null) tf.dispose(Object.values(g));
      return { g: later === 'skipped' ? null : g, targets: all };
    }
    this.#pending = 0;
    // without a target on any rank only what is not of the loss, such as a penalty, has a gradient
    const share = total === 0 ? 1 / this.#ranks.size : n / total;
    return { g: await this.#buckets.mean(g, share), targets: all };
  }

  /** For the end of an epoch's batches. Errors: `GW_RANKS_UNEQUAL` where other ranks have more. */
  async ended(where: string): Promise<void> {
    const head = new Float64Array(this.#length);
    head[0] = 1;
    head[1] = this.#ranks.rank;
    await this.#ranks.communicator.allReduce(head);
    this.#checkEnded(head, where);
  }

  /** Whether ranks are at one, in a step after which they average their weights. Errors: `GW_RANKS_UNEQUAL`. */
  async meet(where: string): Promise<void> {
    const head = new Float64Array(this.#length);
    await this.#ranks.communicator.allReduce(head);
    this.#checkEnded(head, where);
  }

  get #length(): number {
    return HEAD + 2 * (1 + this.#metrics.length);
  }

  async #head(
    g: Local,
    report: Report,
    n: number,
    targets: number,
    rows: number,
  ): Promise<['skipped' | 'later' | 'now', number, number]> {
    const { size } = this.#ranks;
    await report.read();
    const weights = ['loss', ...this.#metrics.map(({ name }) => name)].map((name) => ({
      name,
      value: report.host.get(name) ?? 0,
      counting: report.counting.get(name) ?? { weight: targets },
    }));
    const said = [0, 0, g === null ? 1 : 0, g === 'later' ? 1 : 0, n, rows, rows * rows];
    const sums = weights.flatMap(({ value, counting: { weight } }) => [value * weight, weight]);
    const head = Float64Array.of(...said, ...sums);
    await this.#ranks.communicator.allReduce(head);
    this.#checkEnded(head, 'in this epoch');
    this.#checkRows(head);
    weights.forEach(({ name, counting }, i) => {
      const [sum, weight] = [head[HEAD + 2 * i] as number, head[HEAD + 2 * i + 1] as number];
      report.set(name, weight === 0 ? 0 : sum / weight, { ...counting, weight });
    });
    const [skipped, later, total] = [head[2] as number, head[3] as number, head[4] as number];
    if (skipped === 0 && later > 0 && later < size) {
      throw this.#unequal(`${later} of ${size} ranks that put their update off`, 'all of them or none');
    }
    return [skipped > 0 ? 'skipped' : later > 0 ? 'later' : 'now', total, head[HEAD + 1] as number];
  }

  #checkEnded(head: Float64Array, where: string): void {
    const { size } = this.#ranks;
    const ended = head[0] as number;
    if (ended === 0 || ended === size) return;
    const which = ended === 1 ? `rank ${head[1]}` : `${ended} ranks`;
    throw this.#unequal(
      `${which} out of batches ${where} where the others have more`,
      'as many batches on every rank, and at least one',
    );
  }

  /** Of the first step: N Σ b² = (Σ b)² only where all are alike. */
  #checkRows(head: Float64Array): void {
    if (this.#checkedRows) return;
    this.#checkedRows = true;
    const { size } = this.#ranks;
    const [rows, squares] = [head[5] as number, head[6] as number];
    if (size * squares === rows * rows) return;
    throw this.#unequal(
      `${rows} rows in all of ${size} ranks, some with more than others`,
      'as many on each',
    );
  }

  #unequal(got: string, wanted: string): GatewiseError {
    const fix = 'share whole batches (data: "global"), or cut the data into equal parts';
    return this.#ranks.mark(new GatewiseError('GW_RANKS_UNEQUAL', `got ${got}, wanted ${wanted}; ${fix}`));
  }
}
