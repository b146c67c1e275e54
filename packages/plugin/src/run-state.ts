import type { Json } from './plugin.js';

/** A tensor's values on the host, in an array of their own. */
export interface HostTensor {
  readonly dtype: 'float32' | 'int32' | 'bool';
  readonly shape: readonly number[];
  /** Row by row. */
  readonly values: Float32Array | Int32Array | Uint8Array;
}

/** A run at rest between two steps: all that a process needs to go on to the same bits. It holds no tensors. */
export interface RunSnapshot {
  /** Plain JSON. What stands in it is written down in the format of checkpoints. */
  readonly state: { readonly [key: string]: Json };
  /** `model/<weight>`, `model-state/<name>`, `optimizer/<slot>`, `plugin/<plugin>/<name>`. */
  readonly tensors: Readonly<Record<string, HostTensor>>;
}

/** The state of the whole run, for checkpoints: the trainer binds it. */
export interface RunState {
  /**
   * The run as it stands. Only in `onSavePoint`: elsewhere some plugins have seen the step and others have not.
   * After an epoch that ended early it is the run after its last step, so that another process goes on within the epoch.
   * Errors: `GW_TRAIN_STATE`, `GW_TRAIN_NONFINITE` for a run that is lost.
   */
  save(): Promise<RunSnapshot>;
  /**
   * Takes the run back to a snapshot. Only in `onRestore`. All is checked before anything changes.
   * Errors: `GW_RESUME_MODEL`, `GW_RESUME_OPTIMIZER`, `GW_RESUME_OPTIONS` for a snapshot of another run, `GW_RESUME_STATE`
   * for one that is none.
   */
  restore(snapshot: RunSnapshot): Promise<void>;
}
