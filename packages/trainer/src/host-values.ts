import { arithmetic } from '@gatewise/kernels';
import * as tf from '@tensorflow/tfjs-core';

interface Backend {
  readonly isGPUPackage?: boolean;
  readonly data?: Entries;
  readonly texData?: Entries;
  readonly tensorMap?: Entries;
  readSync?(dataId: object): tf.backend_util.TypedArray;
}
interface Entries {
  get(dataId: object): { readonly values?: unknown } | undefined;
}
const ON_HOST = ['cpu', 'wasm', 'tensorflow'];

/** The numbers of a tensor where they lie on the host, else undefined: nothing is read back from a GPU. */
export function hostValues(tensor: tf.Tensor): tf.backend_util.TypedArray | undefined {
  const engine = tf.engine();
  const backend = engine.state.tensorInfo.get(tensor.dataId)?.backend as unknown as Backend | undefined;
  if (!backend || tensor.dtype === 'string' || tensor.dtype === 'complex64') return undefined;
  const entries = backend.data ?? backend.texData ?? backend.tensorMap;
  const values = entries?.get(tensor.dataId)?.values;
  if (ArrayBuffer.isView(values)) return values as tf.backend_util.TypedArray;
  const local =
    ON_HOST.some((name) => engine.registry[name] === (backend as unknown)) && !backend.isGPUPackage;
  return local ? backend.readSync?.(tensor.dataId) : undefined;
}

/** Where the first NaN or infinity of a float tensor on the host stands, as an index, e.g. `[2, 5, 0]`. */
export function findNonFinite(tensor: tf.Tensor): readonly number[] | undefined {
  const values = tensor.dtype === 'float32' ? hostValues(tensor) : undefined;
  if (!values) return undefined;
  if (Number.isFinite(finiteness(values))) return undefined;
  const flat = values.findIndex((v) => !Number.isFinite(v));
  return tf.util.indexToLoc(flat, tensor.rank, tf.util.computeStrides(tensor.shape));
}

/** A sum that is finite where every value is. */
function finiteness(values: tf.backend_util.TypedArray): number {
  // Σ v² in float64: no float32 is so large that it overflows
  if (values instanceof Float32Array) {
    const fast = arithmetic();
    if (fast) return fast.sumOfSquares([values]);
  }
  // v·0 is 0, but NaN where v is NaN or infinite: one pass without a branch
  let zeros = 0;
  for (let i = 0; i < values.length; i++) zeros += (values[i] as number) * 0;
  return zeros;
}
