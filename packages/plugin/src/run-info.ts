import type { Json } from './plugin.js';

/** What a run was asked for and what computes it, as plain JSON: for records. */
export interface RunInfo {
  /** The options of `train`; what is no data, such as a validation or a signal, by what can be said of it. */
  readonly options: { readonly [name: string]: Json };
  readonly engine: {
    readonly backend: string;
    /** Of recurrent sequences. */
    readonly recurrence: string;
    /** Of the other kernels on the cpu backend; tf.js' own where null. */
    readonly kernels: string | null;
  };
  /** In the order in which they are called. */
  readonly plugins: readonly string[];
}
