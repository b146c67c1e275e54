import * as tf from '@tensorflow/tfjs-core';

// Arrays of disposed tensors, used again on the `cpu` and `tensorflow` backends: fresh pages, and the collections of garbage
// that they bring, cost more than the arithmetic on them. What TensorFlow has taken over for an op of its own never comes back.

type Values = tf.BackendValues | undefined | null;
type DataOf = { has(dataId: object): boolean; get(dataId: object): { readonly values?: Values } };
interface Backend {
  readonly data?: DataOf;
  readonly tensorMap?: DataOf;
  write(values: Values, shape: number[], dtype: tf.DataType): object;
  move(dataId: object, values: Values, shape: number[], dtype: tf.DataType, refCount: number): void;
  readSync(dataId: object): Values;
  disposeData(dataId: object, force?: boolean): boolean;
}
/** Where a backend keeps the arrays of its tensors. */
const places = { cpu: 'data', tensorflow: 'tensorMap' } as const;
type Name = keyof typeof places;

/** An array that we made, and how many pieces of data lie in its memory: tf.js shares it between tensors, whole or in part. */
interface Owned {
  readonly values: Float32Array;
  holders: number;
}

/** Below this many elements a fresh array is as cheap. */
const SMALLEST = 2048;
/** Most bytes that wait to be used again. */
const MOST = 128 * 2 ** 20;

let owned = new WeakMap<ArrayBufferLike, Owned>();
let free: Float32Array[] = [];
const followed = new Map<string, Backend>();

/** An array to be written, what it holds is not set: one that a disposed tensor left, else what `fresh` makes. */
export function reusedArray(length: number, fresh: (length: number) => Float32Array): Float32Array {
  if (length < SMALLEST || !followed.has(tf.getBackend())) return fresh(length);
  const at = free.findIndex((values) => values.length === length);
  const values = at < 0 ? fresh(length) : (free.splice(at, 1)[0] as Float32Array);
  owned.set(values.buffer, { values, holders: 0 });
  return values;
}

/**
 * A tensor's own array, to be read before anything is disposed of; `dataSync` would take it from the pool for good. Of what
 * TensorFlow holds, and on other backends, a copy.
 */
export function peek(t: tf.Tensor | tf.TensorInfo): tf.TypedArray {
  const backend = tf.backend() as unknown as Backend;
  const own = dataOf(tf.getBackend(), backend)?.get(t.dataId).values;
  return (own ?? backend.readSync(t.dataId)) as tf.TypedArray;
}

const dataOf = (name: string, backend: Backend): DataOf | undefined =>
  name in places ? backend[places[name as Name]] : undefined;

/** Bytes that wait to be used again. */
export const pooledBytes = (): number => free.reduce((sum, { byteLength }) => sum + byteLength, 0);

/** Follows the data of the backend in use, if it is one that keeps arrays: who holds one, and who has read it. */
export function startReuse(): void {
  const name = tf.getBackend();
  const backend = tf.backend() as unknown as Backend;
  const data = dataOf(name, backend);
  if (!data || followed.get(name) === backend) return;
  followed.set(name, backend);
  const { write, move, readSync, disposeData } = backend;
  // tensorflow writes by moving
  if (name === 'cpu') backend.write = (values, ...rest) => write.call(backend, held(values), ...rest);
  backend.move = (dataId, values, ...rest) => move.call(backend, dataId, held(values), ...rest);
  backend.readSync = (dataId) => readToOutside(readSync.call(backend, dataId));
  backend.disposeData = (dataId, force) => {
    const values = data.has(dataId) ? data.get(dataId).values : undefined;
    const gone = disposeData.call(backend, dataId, force);
    if (!data.has(dataId)) letGo(values);
    return gone;
  };
}

/** Gives the backends their own methods back, and the memory to the collector. */
export function stopReuse(): void {
  for (const backend of followed.values()) {
    for (const method of ['write', 'move', 'readSync', 'disposeData'] as const) {
      Reflect.deleteProperty(backend, method);
    }
  }
  followed.clear();
  free = [];
  owned = new WeakMap();
}

const ownerOf = (values: Values): Owned | undefined =>
  ArrayBuffer.isView(values) ? owned.get((values as Float32Array).buffer) : undefined;

function held(values: Values): Values {
  const owner = ownerOf(values);
  if (owner) owner.holders++;
  return values;
}

/** `data()` hands out the array itself: it is the reader's now. */
function readToOutside(values: Values): Values {
  if (ownerOf(values)) owned.delete((values as Float32Array).buffer);
  return values;
}

function letGo(values: Values): void {
  const owner = ownerOf(values);
  if (!owner || --owner.holders > 0) return;
  owned.delete(owner.values.buffer);
  free.push(owner.values);
  // the oldest sizes are the least likely to be asked for
  while (pooledBytes() > MOST) free.shift();
}
