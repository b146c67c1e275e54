import { join } from 'node:path';
import { GatewiseError } from '@gatewise/core';
import type { io } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { corrupt } from './failures.js';
import { type Files, readFolder, writeFolder } from './folder.js';

/** tf.js' own layout: `model.json` and `weights.bin`. */
function modelFiles(artifacts: io.ModelArtifacts): Files {
  if (artifacts.modelTopology instanceof ArrayBuffer) {
    throw new GatewiseError(
      'GW_CHECKPOINT_FORMAT',
      'got a binary topology, wanted JSON; save a layers model',
    );
  }
  const { weightData, weightSpecs = [], ...rest } = artifacts;
  const { getWeightStream: _, ...described } = rest;
  const json = { ...described, weightsManifest: [{ paths: ['weights.bin'], weights: weightSpecs }] };
  return {
    'model.json': new TextEncoder().encode(JSON.stringify(json)),
    'weights.bin': new Uint8Array(tf.io.CompositeArrayBuffer.join(weightData)),
  };
}

/** Reads and verifies a model. */
async function readModel(folder: string): Promise<io.ModelArtifacts> {
  const read = await readFolder(folder);
  const json = parseJson(folder, 'model.json', await read('model.json')) as unknown as io.ModelJSON;
  if (!Array.isArray(json.weightsManifest)) {
    throw corrupt(join(folder, 'model.json'), 'no weightsManifest', 'the manifest of a tf.js model');
  }
  return tf.io.getModelArtifactsForJSON(json, async (manifest) => {
    const all: io.WeightsManifestEntry[] = [];
    const buffers: ArrayBuffer[] = [];
    for (const { paths, weights } of manifest) {
      const parts: Uint8Array[] = [];
      for (const path of paths) parts.push(await read(path));
      const data = tf.io.CompositeArrayBuffer.join(parts.map(toBuffer));
      const wanted = byteLength(weights);
      if (wanted !== undefined && data.byteLength !== wanted) {
        throw corrupt(join(folder, paths.join('+')), `${data.byteLength} bytes`, `${wanted} for its weights`);
      }
      all.push(...weights);
      buffers.push(data);
    }
    return [all, tf.io.CompositeArrayBuffer.join(buffers)];
  });
}

const toBuffer = (b: Uint8Array): ArrayBuffer =>
  b.buffer.slice(b.byteOffset, b.byteOffset + b.byteLength) as ArrayBuffer;

/** Bytes of weights on disk; undefined where strings make it unknown. */
function byteLength(weights: readonly io.WeightsManifestEntry[]): number | undefined {
  const bytes: Record<string, number> = {
    float32: 4,
    int32: 4,
    bool: 1,
    complex64: 8,
    uint8: 1,
    uint16: 2,
    float16: 2,
  };
  let sum = 0;
  for (const { shape, dtype, quantization } of weights) {
    const each = bytes[quantization?.dtype ?? dtype];
    if (each === undefined) return undefined;
    sum += each * tf.util.sizeFromShape(shape);
  }
  return sum;
}

/** A JSON object. Errors: `GW_CHECKPOINT_CORRUPT`. */
function parseJson(folder: string, file: string, data: Uint8Array): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(data));
  } catch {
    throw corrupt(join(folder, file), `${data.byteLength} bytes that are no JSON`, 'JSON');
  }
  if (typeof value !== 'object' || value === null)
    throw corrupt(join(folder, file), `${value}`, 'a JSON object');
  return value as Record<string, unknown>;
}

/**
 * A folder as a tf.js IOHandler: saved as a whole or not at all, verified on loading. Any tf.js reads what it writes.
 * Errors: `GW_CHECKPOINT_WRITE`, `GW_CHECKPOINT_FOLDER`, `GW_CHECKPOINT_MISSING`, `GW_CHECKPOINT_CORRUPT`.
 *
 * @example
 * await model.save(modelFolder('runs/first/model'));
 * const again = await tf.loadLayersModel(modelFolder('runs/first/model'));
 */
export function modelFolder(folder: string): Required<io.IOHandler> {
  return {
    async save(artifacts) {
      await writeFolder(folder, modelFiles(artifacts));
      return { modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(artifacts) };
    },
    load: () => readModel(folder),
  };
}
