import { readSafetensors } from '@gatewise/safetensors';
import { dequantise, isDescription } from './deploy/quantise.js';
import { refuse } from './errors.js';
import { isZip } from './keras/archive.js';
import { isHdf5 } from './keras/hdf5.js';
import { type KerasOptions, readKeras } from './keras/read.js';
import type { ModelSpec } from './model.js';
import { readOnnx } from './onnx/read.js';
import { readTfLayers, type TfLayersOptions } from './tf-layers/read.js';
import { readTorch, type TorchOptions } from './torch/read.js';

/** What the files do not say; each format reads its own. */
export type ImportOptions = TorchOptions & KerasOptions & TfLayersOptions;

/**
 * Reads a model of any format, told by its bytes, never by its name: safetensors of PyTorch or of
 * `quantise`, `.keras`, `.h5` and
 * `.weights.h5` of Keras; ONNX; `model.json` with its weights where several files are given, by name.
 * Errors: `GW_IMPORT_…` and `GW_SAFETENSORS_…`.
 *
 * @example
 * const model = build(await readModel(bytes));
 */
export async function readModel(
  files: Uint8Array | ReadonlyMap<string, Uint8Array>,
  options: ImportOptions = {},
): Promise<ModelSpec> {
  if (!(files instanceof Uint8Array)) {
    const only = files.size === 1 ? [...files.values()][0]! : undefined;
    return files.has('model.json') || !only ? readTfLayers(files, options) : readModel(only, options);
  }
  if (isZip(files) || isHdf5(files)) return readKeras(files, options);
  // safetensors: eight bytes of length, then JSON
  if (files[6] === 0 && files[7] === 0 && files[8] === 0x7b) {
    return isDescription(readSafetensors(files).metadata) ? dequantise(files) : readTorch(files, options);
  }
  // ONNX: the version of its format, then its maker, the graph or the operators
  if (files[0] === 0x08 && [0x12, 0x3a, 0x42].includes(files[2] ?? 0)) return readOnnx(files);
  const start = Array.from(files.subarray(0, 9), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
  return refuse(
    'GW_IMPORT_FORMAT',
    `got ${files.byteLength} bytes that begin with ${start || 'nothing'}, wanted safetensors, .keras, .h5, .onnx, or model.json with its weights; the file is damaged or of another format`,
  );
}
