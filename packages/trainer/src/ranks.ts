import { GatewiseError } from '@gatewise/core';
import type { Communicator } from '@gatewise/plugin';

/** The ranks of a run, where there are several: what they tell one another. Every method is called by all of them alike. */
export class Ranks {
  readonly rank: number;
  readonly size: number;
  readonly #shared = new WeakSet<object>();

  constructor(readonly communicator: Communicator) {
    this.rank = communicator.rank;
    this.size = communicator.size;
  }

  /** Weights go their own ways for so many steps; 1 where gradients are reduced in each. */
  get localSteps(): number {
    return this.communicator.work.localSteps;
  }

  /** All throw, the error of the lowest rank that has one, or none does. */
  async agree(error: unknown): Promise<void> {
    const first = await this.first(error !== undefined);
    if (first === undefined) return;
    const told = await this.tell(error === undefined ? '' : JSON.stringify(describe(error)), first);
    if (first === this.rank) throw this.mark(error);
    const { code, message } = JSON.parse(told) as { code: `GW_${string}`; message: string };
    throw this.mark(new GatewiseError(code, `rank ${first} of ${this.size}: ${message}`));
  }

  /** Every rank throws it, so nobody waits in vain: the job need not be ended for it. */
  mark<E>(error: E): E {
    if (typeof error === 'object' && error !== null) this.#shared.add(error);
    return error;
  }

  isShared(error: unknown): boolean {
    return typeof error === 'object' && error !== null && this.#shared.has(error);
  }

  /** The lowest rank of those that say yes. */
  async first(yes: boolean): Promise<number | undefined> {
    const lowest = Float64Array.of(yes ? this.rank : this.size);
    await this.communicator.allReduce(lowest, 'min');
    return lowest[0] === this.size ? undefined : lowest[0];
  }

  /** The text of rank `root`. */
  async tell(text: string, root = 0): Promise<string> {
    return new TextDecoder().decode(await this.send(new TextEncoder().encode(text), root));
  }

  /** The bytes of rank `root`. */
  async send(bytes: Uint8Array, root = 0): Promise<Uint8Array> {
    const length = Float64Array.of(bytes.length);
    await this.communicator.broadcast(length, root);
    const values = this.rank === root ? bytes.slice() : new Uint8Array(length[0] as number);
    if (values.length > 0) await this.communicator.broadcast(values, root);
    return values;
  }

  /** Each value summed over all ranks. */
  async sum(values: readonly number[]): Promise<Float64Array> {
    const sums = Float64Array.from(values);
    await this.communicator.allReduce(sums);
    return sums;
  }
}

function describe(error: unknown): { code: string; message: string } {
  const { code, message } = error as { code?: unknown; message?: unknown };
  const named = typeof code === 'string' && code.startsWith('GW_') ? code : 'GW_RANKS_FAILED';
  const text = typeof message === 'string' ? message : String(error);
  return { code: named, message: text.startsWith(`${named}: `) ? text.slice(named.length + 2) : text };
}
