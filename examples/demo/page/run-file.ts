import { GatewiseError } from '@gatewise/core';
import * as tf from '@tensorflow/tfjs-core';
import { strFromU8, strToU8, unzipSync, zipSync } from 'fflate';
import type { NamedFile, Recipe } from './training.js';

/** A point of the curves: nats at a step. */
export type Point = readonly [step: number, loss: number];

/** A run that rests: all that is needed to look at it, to write with it and to go on with it. */
export interface SavedRun {
  readonly recipe: Recipe;
  readonly steps: number;
  readonly losses: readonly Point[];
  readonly heldOut: readonly Point[];
  readonly samples: readonly { readonly step: number; readonly text: string }[];
  readonly symbols: readonly string[];
  readonly unknown: string;
  readonly artifacts: tf.io.ModelArtifacts;
  readonly checkpoint: readonly NamedFile[];
}

const format = 'gatewise-demo-run';

/** A zip: `run.json`, `text.txt`, `vocabulary.json`, `model/` as tf.js saves it, `checkpoint/` as the plugin does. */
export function packRun(run: SavedRun): Uint8Array<ArrayBuffer> {
  const { recipe, symbols, unknown, artifacts, checkpoint, ...rest } = run;
  const { text, ...how } = recipe;
  const { modelTopology, weightSpecs, weightData } = artifacts;
  const model = { modelTopology, weightsManifest: [{ paths: ['weights.bin'], weights: weightSpecs }] };
  const json = (value: unknown) => strToU8(JSON.stringify(value));
  return zipSync({
    'run.json': json({ format, version: 1, ...how, ...rest }),
    'text.txt': strToU8(text),
    'vocabulary.json': json({ symbols, unknown }),
    'model/model.json': json(model),
    'model/weights.bin': new Uint8Array(tf.io.CompositeArrayBuffer.join(weightData)),
    ...Object.fromEntries(checkpoint.map(([name, bytes]) => [`checkpoint/${name}`, bytes])),
  }) as Uint8Array<ArrayBuffer>;
}

/** Errors: `GW_DEMO_FILE`. */
export async function unpackRun(bytes: Uint8Array): Promise<SavedRun> {
  const files = opened(bytes);
  const json = (name: string) => JSON.parse(strFromU8(files[name]!));
  try {
    const { format: found, version, cell, units, seed, ...rest } = json('run.json');
    if (found !== format || version !== 1) throw new Error(`run.json is of ${found} ${version}`);
    const weights = files['model/weights.bin']!;
    const load = async (manifest: tf.io.WeightsManifestConfig) =>
      [manifest.flatMap((group) => group.weights), weights.slice().buffer] as [
        tf.io.WeightsManifestEntry[],
        ArrayBuffer,
      ];
    return {
      ...rest,
      recipe: { cell, units, seed, text: strFromU8(files['text.txt']!) },
      ...json('vocabulary.json'),
      artifacts: await tf.io.getModelArtifactsForJSON(json('model/model.json'), load),
      checkpoint: Object.entries(files)
        .filter(([name]) => name.startsWith('checkpoint/'))
        .map(([name, data]) => [name.slice('checkpoint/'.length), data] as const),
    };
  } catch (cause) {
    throw refused(`a zip that holds no such run (${(cause as Error).message})`, cause);
  }
}

function opened(bytes: Uint8Array): Record<string, Uint8Array> {
  try {
    return unzipSync(bytes);
  } catch (cause) {
    throw refused(`${bytes.length} bytes that are no zip`, cause);
  }
}

const refused = (got: string, cause: unknown) =>
  new GatewiseError('GW_DEMO_FILE', `got ${got}, wanted a file that “Save to a file” of this page wrote`, {
    cause,
  });
