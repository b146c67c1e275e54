import { configOf } from '../keras/write-config.js';
import { kerasWeights } from '../keras/write-weights.js';
import type { ModelSpec } from '../model.js';

/**
 * Writes a description as a tf.layers model, `model.json` and `weights.bin`: of tf.layers' own layers, so that
 * `tf.loadLayersModel` needs nothing of this project. Errors: `GW_EXPORT_UNSUPPORTED`, by the layer's name.
 *
 * @example
 * for (const [name, bytes] of writeTfLayers(spec)) await writeFile(name, bytes);
 */
export function writeTfLayers(spec: ModelSpec): Map<string, Uint8Array> {
  const { class_name, config } = configOf(spec, 'tf.layers');
  const weights = spec.layers.flatMap((layer) =>
    kerasWeights(layer).map(([role, values]) => ({
      name: `${layer.name}/${nested(layer.name, role)}`,
      values,
    })),
  );
  const bytes = new Uint8Array(weights.reduce((n, { values }) => n + values.data.byteLength, 0));
  let at = 0;
  for (const { values } of weights) {
    bytes.set(new Uint8Array(values.data.buffer, values.data.byteOffset, values.data.byteLength), at);
    at += values.data.byteLength;
  }
  const json = {
    format: 'layers-model',
    generatedBy: 'gatewise',
    convertedBy: null,
    modelTopology: { class_name, config, keras_version: 'tfjs-layers 4.22.0', backend: 'tensor_flow.js' },
    weightsManifest: [
      {
        paths: ['weights.bin'],
        weights: weights.map(({ name, values }) => ({ name, shape: values.shape, dtype: 'float32' })),
      },
    ],
  };
  return new Map([
    ['model.json', new TextEncoder().encode(JSON.stringify(json))],
    ['weights.bin', bytes],
  ]);
}

/** tf.layers names the layer within each direction. */
function nested(layer: string, role: string): string {
  const [direction, leaf] = role.split('/');
  return leaf === undefined ? role : `${direction}_${layer}_cell/${leaf}`;
}
