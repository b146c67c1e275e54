import { GatewiseError } from '@gatewise/core';
import {
  consoleLogger,
  fileStore,
  type HostTensor,
  type Json,
  type Store,
  type Trainable,
} from '@gatewise/plugin';
import type { io, Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { type Found, find } from './find.js';
import { Shelf } from './shelf.js';
import type { Monitored } from './watch.js';

/** Where training stood. */
export interface Checkpoint {
  readonly name: string;
  /** When it was written, ISO 8601. */
  readonly written: string;
  /** Epochs that were over. */
  readonly epochs: number;
  /** Steps done. */
  readonly steps: number;
  readonly monitored: Monitored | null;
  /** `model/<weight>`, `optimizer/<slot>`, `plugin/<plugin>/<name>`, …: see FORMAT.md. */
  readonly tensors: Readonly<Record<string, HostTensor>>;
}

/**
 * Reads the last checkpoint of a folder that is whole, or the best, and verifies it. Errors: `GW_CHECKPOINT_MISSING`,
 * `GW_CHECKPOINT_CORRUPT` where all are damaged, `GW_CHECKPOINT_VERSION`.
 *
 * @example const { steps, monitored } = await readCheckpoint('runs/a', 'best');
 */
export async function readCheckpoint(
  folder: string,
  which: 'last' | 'best' = 'last',
  store: Store = fileStore(),
): Promise<Checkpoint> {
  const { name, written, monitored, snapshot } = await found(folder, which, store);
  const { epoch, step } = snapshot.state.position as { epoch: number; step: number };
  return { name, written, epochs: epoch, steps: step, monitored, tensors: snapshot.tensors };
}

async function found(folder: string, which: 'last' | 'best', store: Store): Promise<Found> {
  const there = await find(new Shelf(store, folder), which, consoleLogger);
  if (there) return there;
  throw new GatewiseError(
    'GW_CHECKPOINT_MISSING',
    `got no ${which === 'best' ? 'checkpoint of a watched epoch' : 'checkpoint'} in "${folder}", wanted one; check the path, or train with the checkpoint plugin first`,
  );
}

/**
 * Puts a checkpoint's weights into a model, by name; all of them or, after an error, none. What the model keeps beside its
 * trainable weights comes too, where it takes it. Errors: as of `readCheckpoint`; `GW_CHECKPOINT_WEIGHTS` for a name that is not
 * there, `GW_CHECKPOINT_SHAPE`.
 *
 * @example const { steps } = await loadCheckpoint('runs/a', trainable(model), 'best');
 */
export async function loadCheckpoint(
  folder: string,
  model: Pick<Trainable, 'weights' | 'loadTensors'>,
  which: 'last' | 'best' = 'last',
  store: Store = fileStore(),
): Promise<Checkpoint> {
  const checkpoint = await readCheckpoint(folder, which, store);
  checkWeights(checkpoint, folder, model);
  tf.tidy(() => {
    model.loadTensors?.(tensorsOf(checkpoint, 'model-state/'));
    for (const [name, saved] of Object.entries(tensorsOf(checkpoint, 'model/')))
      model.weights[name]?.assign(saved);
  });
  return checkpoint;
}

function tensorsOf({ tensors }: Checkpoint, prefix: string): Record<string, Tensor> {
  const named = Object.entries(tensors).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(
    named.map(([name, { values, shape, dtype }]) => [
      name.slice(prefix.length),
      tf.tensor(values, [...shape], dtype),
    ]),
  );
}

function checkWeights(
  { name: at, tensors }: Checkpoint,
  folder: string,
  { weights }: Pick<Trainable, 'weights'>,
): void {
  const names = Object.keys(tensors).filter((name) => name.startsWith('model/'));
  for (const [name, w] of Object.entries(weights)) {
    const saved = tensors[`model/${name}`];
    if (!saved) {
      throw new GatewiseError(
        'GW_CHECKPOINT_WEIGHTS',
        `got no weight "${name}" in "${folder}/${at}", wanted one of ${names.map((n) => n.slice(6)).join(', ')}; ` +
          'build the model that was saved, its layers with the same names',
      );
    }
    if (!tf.util.arraysEqual([...saved.shape], w.shape) || saved.dtype !== w.dtype) {
      throw new GatewiseError(
        'GW_CHECKPOINT_SHAPE',
        `got "${name}" [${saved.shape}] ${saved.dtype} in "${folder}/${at}", wanted [${w.shape}] ${w.dtype}; ` +
          'build the model with the sizes that were saved',
      );
    }
  }
}

/**
 * The layers model of a checkpoint, for tf.js to load. Errors: as of `readCheckpoint`; `GW_CHECKPOINT_MODEL` where what was
 * trained was no layers model.
 *
 * @example const best = await tf.loadLayersModel(checkpointModel('runs/a', 'best'));
 */
export function checkpointModel(
  folder: string,
  which: 'last' | 'best' = 'last',
  store: Store = fileStore(),
): io.IOHandler {
  return { load: async () => artifactsOf(await found(folder, which, store), folder) };
}

function artifactsOf({ name: at, snapshot }: Found, folder: string): io.ModelArtifacts {
  const { topology, name } = snapshot.state.model as { topology: Json; name: string };
  if (topology === null) {
    throw new GatewiseError(
      'GW_CHECKPOINT_MODEL',
      `got "${folder}/${at}" of "${name}", which is no layers model, wanted one with a topology; build the model and use loadCheckpoint`,
    );
  }
  const weights = Object.entries(snapshot.tensors).flatMap(([key, tensor]) => {
    const [, of] = /^(?:model|model-state\/weight)\/(.+)$/s.exec(key) ?? [];
    return of === undefined ? [] : [{ of, ...tensor }];
  });
  return {
    modelTopology: topology as object,
    weightSpecs: weights.map(({ of, shape, dtype }) => ({ name: of, shape: [...shape], dtype })),
    weightData: weights.map(({ values }) => values.buffer as ArrayBuffer),
  };
}
