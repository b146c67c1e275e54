import type { Tensor, TensorInfo } from '@tensorflow/tfjs-core';
import { backend, type TfProgram, track } from './backend.js';
import { checkSheet } from './canvas.js';

const programs = new Map<string, TfProgram>();

/** Runs a program of tf.js' own kind on inputs by name; `code` is asked for once a key. */
export function runProgram(
  key: string,
  inputs: Readonly<Record<string, TensorInfo>>,
  outputShape: readonly number[],
  code: () => string,
  offset = 0,
): Tensor {
  const whole = `${key} ${outputShape}`;
  let program = programs.get(whole);
  if (!program) {
    program = {
      variableNames: Object.keys(inputs),
      outputShape,
      userCode: code(),
      packedInputs: true,
      packedOutput: true,
      customUniforms: [{ name: 'first', type: 'int' }],
    };
    programs.set(whole, program);
  }
  return track(backend().runWebGLProgram(program, Object.values(inputs), 'float32', [[offset]], true));
}

/** A sheet by a program of tf.js' own kind: `value` gives its texel at (row, column). */
export const makeSheet = (
  key: string,
  inputs: Readonly<Record<string, TensorInfo>>,
  [rows, columns]: readonly [number, number],
  functions: string,
  value: string,
): Tensor =>
  checkSheet(
    runProgram(
      key,
      inputs,
      [2 * rows, 2 * columns],
      () => `${functions}
      void main() {
        ivec2 rc = getOutputCoords() / 2;
        int y = rc.x, j = rc.y;
        setOutput(${value});
      }`,
    ),
  );

/** float NAME(…): one value of an input, which tf.js keeps as blocks of 2 × 2 of the last two axes. */
export function reader(name: string, rank: number): string {
  const get = `get${name}`;
  const pick = 'vec2 w = (row & 1) == 0 ? v.xy : v.zw; return (column & 1) == 0 ? w.x : w.y;';
  if (rank === 1) {
    return `float read${name}(int column) { vec4 v = ${get}(column & ~1); return (column & 1) == 0 ? v.x : v.y; }`;
  }
  if (rank === 2) {
    return `float read${name}(int row, int column) { vec4 v = ${get}(row & ~1, column & ~1); ${pick} }`;
  }
  return `float read${name}(int b, int row, int column) { vec4 v = ${get}(b, row & ~1, column & ~1); ${pick} }`;
}

/** The four rows of the batch behind texel row `g`: `value` of row b, 0 beyond the batch. */
export const fourRows = (count: number, g: string, value: (b: string) => string): string =>
  `vec4(${[0, 1, 2, 3].map((m) => `4 * (${g}) + ${m} < ${count} ? ${value(`4 * (${g}) + ${m}`)} : 0.`).join(', ')})`;
