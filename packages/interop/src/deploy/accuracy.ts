import type * as tf from '@tensorflow/tfjs-core';
import { build } from '../build.js';
import type { ModelSpec } from '../model.js';
import { runModel } from '../run.js';
import { dequantise, writeDescription } from './quantise.js';

/** How far one output is from the original's, over all inputs. */
export interface OutputError {
  readonly output: string;
  readonly largest: number;
  readonly mean: number;
  /** The largest number that the original gave: errors are as large as it is. */
  readonly range: number;
}

/** What quantising costs, measured, and what it saves. */
export interface Accuracy {
  readonly model: string;
  readonly outputs: readonly OutputError[];
  /** Of the file with all weights in float32, and of this one. */
  readonly bytes: { readonly before: number; readonly after: number };
}

/**
 * Runs a model and what came of its file of `quantise` on the same inputs and measures every output of the description.
 * Errors: those of `dequantise` and `build`.
 *
 * @example
 * const file = quantise(spec, { to: 'int8' });
 * console.log(accuracyText(await accuracyOf(spec, file, [x])));
 */
export async function accuracyOf(
  original: ModelSpec,
  quantised: Uint8Array,
  inputs: readonly tf.Tensor[], // [B,T,I], or ids [B,T] int32
): Promise<Accuracy> {
  const small = dequantise(quantised);
  const models = [build(original), build(small)] as const;
  const tallies = new Map<string, Tally>(original.outputs.map(({ name }) => [name, new Tally()]));
  try {
    for (const x of inputs) {
      const wanted = await runModel(original, models[0], x);
      const got = await runModel(original, models[1], x);
      for (const [name, tally] of tallies) tally.add(got[name]!.data, wanted[name]!.data);
    }
  } finally {
    for (const model of models) model.dispose();
  }
  return {
    model: original.name,
    outputs: [...tallies].map(([output, { largest, sum, count, range }]) => ({
      ...{ output, largest, range },
      mean: sum / count,
    })),
    bytes: { before: writeDescription(original, 'f32').byteLength, after: quantised.byteLength },
  };
}

class Tally {
  largest = 0;
  sum = 0;
  count = 0;
  range = 0;

  add(got: Float32Array, wanted: Float32Array): void {
    wanted.forEach((v, i) => {
      const error = Math.abs(v - got[i]!);
      this.largest = Math.max(this.largest, error);
      this.range = Math.max(this.range, Math.abs(v));
      this.sum += error;
    });
    this.count += wanted.length;
  }
}

/** A report as lines of text. */
export function accuracyText({ model, outputs, bytes: { before, after } }: Accuracy): string {
  const kilobytes = (n: number) => `${(n / 1024).toFixed(1)} KB`;
  const short = (n: number) => (n === 0 ? '0' : n.toExponential(2));
  const width = Math.max(...outputs.map(({ output }) => output.length));
  const saved = `${kilobytes(before)} to ${kilobytes(after)}, ${Math.round((100 * after) / before)} %`;
  return [
    `${model}: ${saved}`,
    ...outputs.map(
      ({ output, largest, mean, range }) =>
        `  ${output.padEnd(width)}  largest error ${short(largest)}  mean ${short(mean)}  beside values up to ${short(range)}`,
    ),
  ].join('\n');
}
