import type * as tf from '@tensorflow/tfjs-core';
import { empty, type Kernel, run } from './device.js';
import { blocksOf, blockWidth, type Plan } from './plan.js';
import { flatGroups, flatParameters, ROW } from './product-kernels.js';
import { kernel, parameterData } from './wgsl.js';

/** The type of a block's element in a sweep, and its parts by gate. */
export const blockType = (plan: Plan): string => {
  const width = blockWidth(plan);
  return width === 1 ? 'f32' : `vec${width}<f32>`;
};
export const blockPart = (plan: Plan, gate: number): string =>
  blockWidth(plan) === 1 ? '' : `.${'xyzw'[gate]}`;

/**
 * R [H, recurrent·H] as blocks of gates [blocks,H,H,width]: element (k, u) is what joins unit k of the operand and
 * unit u of a gate; for backward unit k of a gate and unit u of the operand. Either way neighbours read neighbours.
 */
export function packR(plan: Plan, R: tf.Tensor, backwards: boolean): tf.Tensor {
  const { program: p, H } = plan;
  const width = blockWidth(plan);
  const { h, u } = blocksOf(plan);
  const columns = [...h, ...u].flatMap(({ gates }) =>
    Array.from({ length: width }, (_, n) => (n < gates.length ? p.recurrent.indexOf(gates[n]!) : -1)),
  );
  const [M, N] = [(columns.length / width) * H, H * width];
  const packed = empty(M * N);
  const data = parameterData(flatParameters, { M, N, at: 0, stride: p.recurrent.length * H });
  const key = `pack ${H} ${width} ${columns} ${backwards}`;
  run(key, () => packKernel(H, width, columns, backwards), data, [R, packed], flatGroups(M, N));
  return packed;
}

function packKernel(H: number, width: number, columns: readonly number[], backwards: boolean): Kernel {
  const [row, column] = backwards ? ['u', 'k'] : ['k', 'u'];
  return kernel({
    parameters: flatParameters,
    read: ['R'],
    write: ['C'],
    head: `const columns = array<i32, ${columns.length}>(${columns.join(', ')});`,
    threads: 64,
    body: [
      `let n = group.x * 64u + local.x; let m = ${ROW};`,
      'if (n >= P.N || m >= P.M) { return; }',
      `let u = n / ${width}u; let k = m % ${H}u;`,
      `let gate = columns[(m / ${H}u) * ${width}u + n % ${width}u];`,
      'var r = 0.0;',
      `if (gate >= 0) { r = R[${row} * P.stride + u32(gate) * ${H}u + ${column}]; }`,
      'C[m * P.N + n] = r;',
    ].join('\n'),
  });
}
