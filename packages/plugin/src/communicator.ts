import type { Json } from './plugin.js';

/** How ranks share the work. */
export interface SharedWork {
  /** Bytes of gradients that travel as one message. */
  readonly bucketBytes: number;
  /** Steps between two reductions: 1 reduces the gradients of each step; k averages weights and slots after every k-th. */
  readonly localSteps: number;
  /** `global`: every rank is given whole batches, and takes its rows of each. `own`: each is given what is its own. */
  readonly data: 'global' | 'own';
}

/**
 * The ranks that train one model together: `Tokens.Communicator`. One process is all there is where nothing binds another.
 * Every call is collective: all ranks make the same calls in the same order. Values are reduced in place, and are not to be
 * touched before the promise resolves; calls may be begun before others are over.
 *
 * @example const values = Float64Array.of(loss); await communicator.allReduce(values); // the sum over ranks, on each
 */
export interface Communicator {
  /** From 0. Rank 0 alone writes: files, logs, progress. */
  readonly rank: number;
  readonly size: number;
  readonly work: SharedWork;
  /** What must be the same on every rank beside the options of the run: versions, mostly. */
  readonly identity: { readonly [name: string]: Json };
  /** Element by element over all ranks; every rank gets the same bits. Default `sum`. */
  allReduce(values: Float32Array | Float64Array, how?: 'sum' | 'min' | 'max'): Promise<void>;
  /** The values of rank `root`, 0 where absent, on every rank. */
  broadcast(values: Float32Array | Float64Array | Int32Array | Uint8Array, root?: number): Promise<void>;
  /** Resolves when every rank has come here. */
  barrier(): Promise<void>;
  /** Says why and ends all ranks, whatever they are doing. */
  abort(reason: string): void;
  /** Where the run was saved last, told on every rank: said when the ranks are ended, as what to go on from. */
  savedAs(where: string): void;
}

/** One process: nothing to reduce, nobody to wait for. */
export const oneProcess: Communicator = {
  rank: 0,
  size: 1,
  work: { bucketBytes: 1, localSteps: 1, data: 'global' },
  identity: {},
  allReduce: async () => {},
  broadcast: async () => {},
  barrier: async () => {},
  abort: () => {},
  savedAs: () => {},
};
