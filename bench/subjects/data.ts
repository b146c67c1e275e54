import { readFileSync } from 'node:fs';
import type { Places } from '../data.js';

/** The data of a case, read from its file. */
export interface Data {
  array(name: string): Float32Array;
  shape(name: string): number[];
}

export function readData(file: string, places: Places): Data {
  const bytes = readFileSync(file);
  const all = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  const place = (name: string) => places[name]!;
  return {
    shape: (name) => [...place(name).shape],
    // a copy: what one subject writes into its input is not the next one's
    array(name) {
      const { offset, shape } = place(name);
      return all.slice(offset, offset + shape.reduce((n, d) => n * d, 1));
    },
  };
}

/** A case, ready to be timed. */
export interface Prepared {
  /** What others are compared with, in the order of `writeData`; null where `maxAbsDiff` is the subject's own check. */
  readonly result: Float32Array | null;
  readonly maxAbsDiff?: number;
  run(): unknown;
}

export function join(arrays: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(arrays.reduce((n, { length }) => n + length, 0));
  let at = 0;
  for (const array of arrays) {
    all.set(array, at);
    at += array.length;
  }
  return all;
}
