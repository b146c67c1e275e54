import { GatewiseError } from '@gatewise/core';
import { type UpdateArrays, type UpdateRule, updateRules } from '@gatewise/kernels';

/** Slots of each rule, and its numbers, as in native/update-call.h. */
const takes: Readonly<Record<UpdateRule, readonly [slots: number, numbers: number]>> = {
  sgd: [0, 1],
  momentum: [1, 2],
  nesterov: [1, 2],
  rmsprop: [1, 4],
  adam: [2, 7],
  adamw: [2, 8],
};

/** Errors: `GW_ENGINE_ARGUMENTS`. */
export function checkedWeights(
  rule: UpdateRule,
  numbers: readonly number[],
  weights: readonly UpdateArrays[],
): void {
  if (!updateRules.includes(rule)) refuse('got an unknown update rule');
  const [slots, count] = takes[rule];
  if (numbers.length !== count) {
    refuse(`got the numbers of the rule of ${numbers.length} elements, wanted ${count}`);
  }
  for (const weight of weights) {
    const n = checkArray(weight.w, 'a weight');
    checkArray(weight.g, 'a gradient', n);
    checkArray(weight.out, 'a new weight', n);
    if (weight.slots.length !== slots) refuse(`got ${weight.slots.length} slots, wanted ${slots} a weight`);
    for (const slot of weight.slots) checkArray(slot, 'a slot', n);
  }
  checkOverlaps(weights);
}

/** Errors: `GW_ENGINE_ARGUMENTS`. */
export function checkSquares(arrays: readonly Float32Array[]): void {
  for (const x of arrays) checkArray(x, 'an array');
}

/** Errors: `GW_ENGINE_ARGUMENTS`. */
export function checkScale(x: Float32Array, factor: number, out: Float32Array): void {
  checkArray(out, 'the result', checkArray(x, 'x'));
  if (typeof factor !== 'number') refuse('got a factor that is no number');
  if (x !== out) checkOverlaps([{ w: x, g: x, slots: [], out }]);
}

function checkArray(values: unknown, name: string, wanted?: number): number {
  if (!(values instanceof Float32Array)) return refuse(`got ${name} of another type than wanted`);
  const { length } = values;
  return wanted === undefined || length === wanted
    ? length
    : refuse(`got ${name} of ${length} elements, wanted ${wanted}`);
}

/** What is written overlaps nothing else, except new weights their own old ones. */
function checkOverlaps(weights: readonly UpdateArrays[]): void {
  const byBuffer = new Map<ArrayBufferLike, { from: number; to: number; written: boolean }[]>();
  const add = (values: Float32Array, written: boolean) => {
    if (values.length === 0) return;
    const ranges = byBuffer.get(values.buffer) ?? [];
    byBuffer.set(values.buffer, ranges);
    const { byteOffset: from, byteLength } = values;
    ranges.push({ from, to: from + byteLength, written });
  };
  for (const { w, g, slots, out } of weights) {
    if (!sameRange(w, out)) add(w, false);
    add(g, false);
    for (const written of [out, ...slots]) add(written, true);
  }
  for (const ranges of byBuffer.values()) {
    ranges.sort((a, b) => a.from - b.from);
    let [read, written] = [0, 0]; // how far what was read or written reaches
    for (const range of ranges) {
      if (range.from < written || (range.written && range.from < read)) {
        refuse('got an array that is written and overlaps another; likely fix: an array of its own for each');
      }
      if (range.written) written = Math.max(written, range.to);
      else read = Math.max(read, range.to);
    }
  }
}

const sameRange = (a: Float32Array, b: Float32Array): boolean =>
  a.buffer === b.buffer && a.byteOffset === b.byteOffset;

function refuse(message: string): never {
  throw new GatewiseError('GW_ENGINE_ARGUMENTS', message);
}
