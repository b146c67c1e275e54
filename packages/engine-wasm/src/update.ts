import { type UpdateRule, type Updates, updateRules } from '@gatewise/kernels';
import type { OwnHome } from './home.js';
import { checkedWeights, checkScale, checkSquares } from './update-arguments.js';

/** Floats that are copied in at a time: they stay in the second-level cache. Norms are summed by as many, as in native code. */
const CHUNK = 4096;
const BYTES = CHUNK * Float32Array.BYTES_PER_ELEMENT;
/** What one weight has at most: w, g and two slots. */
const MOST = 4;

/** Updates, norms and scaling of the module, over arrays that lie outside its memory. */
export function wasmUpdates({ exports, heap }: OwnHome): Updates {
  /** Runs `body` with the address of the numbers and the windows to copy through. */
  const withWindows = (body: (numbers: number, windows: Windows) => void) => {
    const at = heap.take(64 + MOST * BYTES);
    const window = (k: number): Window => {
      const address = at + 64 + k * BYTES;
      return { at: address, values: new Float32Array(heap.buffer, address, CHUNK) };
    };
    try {
      body(at, [window(0), window(1), window(2), window(3)]);
    } finally {
      heap.give(at);
    }
  };
  return {
    update(rule, numbers, weights) {
      checkedWeights(rule, numbers, weights);
      withWindows((at, windows) => {
        new Float32Array(heap.buffer, at, numbers.length).set(numbers);
        for (const { w, g, slots, out } of weights) {
          const list = [w, g, ...slots];
          const addresses = windows.map((window) => window.at) as [number, number, number, number];
          eachChunk(w.length, (from, to) => {
            for (const [k, values] of list.entries()) windows[k]!.values.set(values.subarray(from, to));
            exports.update(place(rule), at, padded(to - from, 4), ...addresses);
            for (const [k, values] of [out, null, ...slots].entries()) {
              values?.set(windows[k]!.values.subarray(0, to - from), from);
            }
          });
        }
      });
    },
    sumOfSquares(arrays) {
      checkSquares(arrays);
      let sum = 0;
      withWindows((_, [{ at, values }]) => {
        for (const x of arrays) {
          eachChunk(x.length, (from, to) => {
            const n = padded(to - from, 16);
            values.fill(0, to - from, n);
            values.set(x.subarray(from, to));
            sum += exports.sumSquares(at, n);
          });
        }
      });
      return sum;
    },
    scale(x, factor, out) {
      checkScale(x, factor, out);
      withWindows((_, [{ at, values }]) => {
        eachChunk(x.length, (from, to) => {
          values.set(x.subarray(from, to));
          exports.scale(at, padded(to - from, 4), factor);
          out.set(values.subarray(0, to - from), from);
        });
      });
    },
  };
}

/** A piece of the module's memory. */
interface Window {
  readonly at: number;
  readonly values: Float32Array;
}
type Windows = readonly [Window, Window, Window, Window];

const place = (rule: UpdateRule): number => updateRules.indexOf(rule);
const padded = (n: number, to: number): number => Math.ceil(n / to) * to;

function eachChunk(length: number, body: (from: number, to: number) => void): void {
  for (let from = 0; from < length; from += CHUNK) body(from, Math.min(length, from + CHUNK));
}
