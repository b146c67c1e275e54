import { GatewiseError } from '@gatewise/core';
import type { Json, Trainable } from '@gatewise/plugin';
import type { io, Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { corrupt } from './failures.js';
import { writeFolder } from './folder.js';
import { collect, modelFiles, parseJson, readModel } from './model-folder.js';

const FORMAT = 'gatewise-checkpoint/1';

/** Where training stood: `training.json`. */
export interface Training {
  readonly format: typeof FORMAT;
  /** Name of the model. */
  readonly model: string;
  /** From 0. */
  readonly epoch: number;
  /** Updates done. */
  readonly step: number;
  /** The best value of the watched number so far, and its name; null before there is one. */
  readonly best: { readonly monitor: string; readonly value: number } | null;
  /** States of the plugins of the run, by name. */
  readonly plugins: Readonly<Record<string, Json>>;
}
/** A checkpoint as it lies on disk, verified; it holds no tensors. */
export interface Checkpoint {
  readonly folder: string;
  readonly training: Training;
  readonly artifacts: io.ModelArtifacts;
}

/** Saves a model and where its training stands as one folder, whole or not at all. Errors: `GW_CHECKPOINT_WRITE`. */
export async function writeCheckpoint(
  folder: string,
  model: Trainable,
  training: Omit<Training, 'format' | 'model'>,
): Promise<void> {
  const artifacts = model.save
    ? await collect((handler) => model.save?.(handler) as Promise<io.SaveResult>)
    : await weightsOnly(model);
  const json: Training = { format: FORMAT, model: model.name, ...training };
  const data = new TextEncoder().encode(`${JSON.stringify(json, null, 2)}\n`);
  await writeFolder(folder, { ...modelFiles(artifacts), 'training.json': data });
}

async function weightsOnly(model: Trainable): Promise<io.ModelArtifacts> {
  const { data, specs } = await tf.io.encodeWeights({ ...model.weights });
  return {
    format: 'weights',
    generatedBy: 'gatewise',
    convertedBy: null,
    weightSpecs: specs,
    weightData: data,
  };
}

/**
 * Reads a checkpoint and verifies each file by its checksum. Errors: `GW_CHECKPOINT_MISSING`, `GW_CHECKPOINT_CORRUPT`:
 * they name the file, and `last` or `best` where one is beside it.
 *
 * @example
 * const { training } = await readCheckpoint('runs/first/best');
 */
export async function readCheckpoint(folder: string): Promise<Checkpoint> {
  const { artifacts, read } = await readModel(folder, true);
  const json = await parseJson(folder, 'training.json', await read('training.json'));
  const { format, epoch, step, plugins } = json;
  if (
    format !== FORMAT ||
    typeof epoch !== 'number' ||
    typeof step !== 'number' ||
    typeof plugins !== 'object'
  ) {
    throw await corrupt(
      folder,
      'training.json',
      `format ${JSON.stringify(format)}`,
      `${FORMAT} with epoch, step, plugins`,
    );
  }
  return { folder, training: json as unknown as Training, artifacts };
}

/**
 * Puts a checkpoint's weights into a model's trainable weights, by name; all of them or, after an error, none.
 * Errors: `GW_CHECKPOINT_WEIGHTS` for a name that is not there, `GW_CHECKPOINT_SHAPE`.
 */
export function restoreWeights({ folder, artifacts }: Checkpoint, model: Pick<Trainable, 'weights'>): void {
  const { weightData = new ArrayBuffer(0), weightSpecs = [] } = artifacts;
  tf.tidy(() => {
    const saved: Record<string, Tensor> = tf.io.decodeWeights(weightData, weightSpecs);
    const weights = Object.entries(model.weights);
    for (const [name, w] of weights) {
      const s = saved[name];
      if (!s) {
        throw new GatewiseError(
          'GW_CHECKPOINT_WEIGHTS',
          `got no weight "${name}" in "${folder}", wanted one of ${Object.keys(saved).join(', ')}; ` +
            'build the model that was saved, its layers with the same names',
        );
      }
      if (!tf.util.arraysEqual(s.shape, w.shape) || s.dtype !== w.dtype) {
        throw new GatewiseError(
          'GW_CHECKPOINT_SHAPE',
          `got "${name}" [${s.shape}] ${s.dtype} in "${folder}", wanted [${w.shape}] ${w.dtype}; ` +
            'build the model with the sizes that were saved',
        );
      }
    }
    for (const [name, w] of weights) w.assign(saved[name] as Tensor);
  });
}

/**
 * Verifies a checkpoint and puts its weights into a model. Errors: as `readCheckpoint` and `restoreWeights`.
 *
 * @example
 * const { step } = await loadCheckpoint('runs/first/best', trainable(model));
 */
export async function loadCheckpoint(folder: string, model: Pick<Trainable, 'weights'>): Promise<Training> {
  const checkpoint = await readCheckpoint(folder);
  restoreWeights(checkpoint, model);
  return checkpoint.training;
}
