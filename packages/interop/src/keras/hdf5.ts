import { refuse } from '../errors.js';
import type { Values } from '../model.js';
import { rounded, sizeOf } from '../values.js';
import { checkHeaps } from './heaps.js';

/** What a file of HDF5 holds, read when asked for; it lies in WebAssembly's memory until `close`. */
export interface Hdf5 {
  /** Texts of an attribute of a group; undefined where there is none. */
  texts(group: string, attribute: string): string[] | undefined;
  /** Whether there is a group or dataset. */
  has(path: string): boolean;
  /** A dataset of floats. */
  floats(path: string): { values: Values; changed: number };
  close(): void;
}

type H5 = typeof import('h5wasm');
const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

/** True for the first bytes of an HDF5 file. */
export const isHdf5 = (bytes: Uint8Array): boolean => SIGNATURE.every((byte, i) => bytes[i] === byte);

/** What HDF5 may take for one file: a damaged length makes it ask for anything. */
let mostMemory = Number.POSITIVE_INFINITY;
let limited = false;

/** HDF5 itself, as WebAssembly: 4 MB, so it is loaded when the first such file is. */
export async function loadHdf5(most: number): Promise<{ h5: H5; fs: NonNullable<H5['FS']> }> {
  const h5 = await import('h5wasm');
  const { FS: fs } = await h5.ready;
  if (!limited) limitMemory(h5);
  limited = true;
  mostMemory = most;
  return { h5, fs };
}

/** Its memory is not handed out, so it is caught once as it tries to grow; from then on it grows as far as it may. */
function limitMemory({ Module }: H5): void {
  const { prototype } = WebAssembly.Memory;
  const { grow } = prototype;
  let memory: WebAssembly.Memory | undefined;
  prototype.grow = function catchIt(this: WebAssembly.Memory) {
    memory = this;
    throw new RangeError('not now');
  };
  try {
    Module._malloc(Module.HEAPU8.byteLength);
  } finally {
    prototype.grow = grow;
  }
  if (!memory) return;
  const own = memory;
  own.grow = (pages) => {
    if (own.buffer.byteLength + pages * 65_536 > mostMemory)
      throw new RangeError('beyond what a file may take');
    return grow.call(own, pages);
  };
}

const MEMORY = 1 << 27;
let opened = 0;

/**
 * Opens a file that lies in memory: HDF5 sees no other. Links to other files, virtual datasets and datasets larger than the
 * file could hold are refused. Errors: `GW_IMPORT_FORMAT`, `GW_IMPORT_LIMIT`, `GW_IMPORT_UNSUPPORTED`.
 */
export async function openHdf5(bytes: Uint8Array): Promise<Hdf5> {
  if (!isHdf5(bytes))
    refuse(
      'GW_IMPORT_FORMAT',
      `got ${bytes.byteLength} bytes that do not begin as HDF5; the file is damaged, cut off, or of another format`,
    );
  checkHeaps(bytes);
  const { h5, fs } = await loadHdf5(MEMORY + 4 * bytes.byteLength);
  const path = `/gatewise-${opened++}.h5`;
  fs.writeFile(path, bytes);
  let left = Math.max(1 << 24, 64 * bytes.byteLength);
  try {
    const file = careful(h5, 'its first block', () => new h5.File(path, 'r'));
    return {
      texts: (group, attribute) =>
        careful(h5, `attribute ${attribute}`, () => textsOf(entry(file, group), attribute, bytes.byteLength)),
      has: (at) => careful(h5, at, () => entry(file, at) !== null),
      floats: (at) =>
        careful(h5, at, () => {
          const dataset = entry(file, at);
          if (!(dataset instanceof h5.Dataset))
            return refuse('GW_IMPORT_FORMAT', `"${at}": got no dataset, wanted one`);
          left -= checkDataset(at, dataset, bytes.byteLength);
          if (left < 0)
            refuse(
              'GW_IMPORT_LIMIT',
              `"${at}": got more numbers than 64 times the file's ${bytes.byteLength} bytes; save the weights uncompressed`,
            );
          return floatsOf(at, dataset);
        }),
      close() {
        file.close();
        fs.unlink(path);
      },
    };
  } catch (error) {
    fs.unlink(path);
    throw error;
  }
}

type Entity = InstanceType<H5['Dataset']> | InstanceType<H5['Group']>;

/** What HDF5 says becomes a coded error; left alone it would print it. */
function careful<T>({ Module }: H5, what: string, read: () => T): T {
  Module.activate_throwing_error_handler();
  try {
    return read();
  } catch (error) {
    if ((error as { code?: unknown }).code?.toString().startsWith('GW_')) throw error;
    const said = /#000:.*?\(\): (.*)/.exec(String((error as Error).message))?.[1] ?? String(error);
    return refuse(
      'GW_IMPORT_FORMAT',
      `${what}: HDF5 says "${said.slice(0, 120)}"; the file is damaged or cut off`,
      error,
    );
  } finally {
    Module.deactivate_throwing_error_handler();
  }
}

/** A group or dataset of the file itself, or null. */
function entry(file: InstanceType<H5['File']>, path: string): Entity | null {
  if (path === '' || path === '/') return file;
  const found = file.get(path);
  if (found === null) return null;
  const { type } = found as { type?: string };
  if (type === 'Group' || type === 'Dataset') return found as Entity;
  return refuse(
    'GW_IMPORT_UNSUPPORTED',
    `"${path}": got a ${type}, wanted a group or a dataset of this file: links to other files are not followed`,
  );
}

function textsOf(entity: Entity | null, name: string, fileSize: number): string[] | undefined {
  const attributes = entity?.attrs ?? {};
  if (!Object.hasOwn(attributes, name)) return undefined;
  const attribute = attributes[name]!;
  const { metadata } = attribute;
  if (metadata.size * metadata.total_size > fileSize) {
    refuse(
      'GW_IMPORT_LIMIT',
      `attribute "${name}": got ${metadata.total_size} texts of ${metadata.size} bytes, more than the file holds; it is damaged`,
    );
  }
  const { value } = attribute;
  const list = Array.isArray(value) ? value : [value];
  if (list.every((v): v is string => typeof v === 'string')) return list;
  // no texts at all are saved as an empty list of numbers
  return metadata.total_size === 0 ? [] : refuse('GW_IMPORT_FORMAT', `attribute "${name}": got no text`);
}

/** The bytes that reading a dataset takes, once its metadata was found sound. */
function checkDataset(path: string, dataset: InstanceType<H5['Dataset']>, fileSize: number): number {
  const { shape, size, type, virtual_sources } = dataset.metadata;
  if (virtual_sources && virtual_sources.length > 0)
    refuse('GW_IMPORT_UNSUPPORTED', `"${path}": got a virtual dataset, wanted numbers that lie in this file`);
  const sound =
    shape?.every((n) => Number.isSafeInteger(n) && n >= 0) && Number.isSafeInteger(sizeOf(shape) * size);
  if (!shape || !sound)
    return refuse(
      'GW_IMPORT_FORMAT',
      `"${path}": got the shape [${shape}], wanted whole numbers; the file is damaged`,
    );
  const length = sizeOf(shape) * size;
  if (dataset.filters.length === 0 && length > fileSize) {
    refuse(
      'GW_IMPORT_LIMIT',
      `"${path}": got ${length} bytes of numbers in a file of ${fileSize}; it is damaged or cut off`,
    );
  }
  if (type !== 1 || (size !== 4 && size !== 8)) {
    refuse(
      'GW_IMPORT_UNSUPPORTED',
      `"${path}": got numbers of type ${JSON.stringify(dataset.dtype)}, wanted float32 or float64; save the model with the dtype policy float32`,
    );
  }
  return length;
}

function floatsOf(path: string, dataset: InstanceType<H5['Dataset']>): { values: Values; changed: number } {
  const { value } = dataset;
  if (!(value instanceof Float32Array || value instanceof Float64Array)) {
    return refuse('GW_IMPORT_FORMAT', `"${path}": got no numbers; the file is damaged`);
  }
  const { data, changed } = rounded(value);
  return { values: { shape: dataset.metadata.shape!, data }, changed };
}
