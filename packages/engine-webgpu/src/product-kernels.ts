import type { Kernel } from './device.js';
import { kernel } from './wgsl.js';

/** Rows and columns of a product that a thread computes. */
const ROWS = 4;
const COLUMNS = 4;
const THREADS = 64;

/** A device takes 65535 groups in each direction: rows go on in the third. */
const TALL = 32768;
export const groupsOf = (across: number, down: number): [number, number, number] => [
  across,
  Math.min(down, TALL),
  Math.ceil(down / TALL),
];
/** The row of a group in such a dispatch. */
export const ROW = `(group.z * ${TALL}u + group.y)`;

/** Groups of a product's dispatch: `rows` × `columns` numbers. */
export const productGroups = (rows: number, columns: number) =>
  groupsOf(Math.ceil(columns / (THREADS * COLUMNS)), Math.ceil(rows / ROWS));

/** Groups for one thread a number. */
export const flatGroups = (rows: number, columns: number) => groupsOf(Math.ceil(columns / THREADS), rows);

/** Which product: x W; Xᵀ A, rows of X left out where masked; A Wᵀ from W transposed. */
export type Product = 'plain' | 'transposed' | 'transposed-masked';

export const productParameters = ['M', 'N', 'K', 'left', 'leftStep', 'right', 'rightStep', 'out', 'outStep'];

/**
 * C [M,N] = L·D over K, for matrices inside larger ones: element (m, k) of L lies at left + m·leftStep + k, transposed at
 * left + k·leftStep + m; (k, n) of D at right + k·rightStep + n. Without barriers: every thread has its own
 * 4 rows × 4 columns, and neighbours read neighbouring columns.
 */
export function productKernel(which: Product): Kernel {
  const masked = which === 'transposed-masked';
  const columns = Array.from({ length: COLUMNS }, (_, c) => c);
  const rows = ['x', 'y', 'z', 'w'];
  const element = (q: string) => (which === 'plain' ? `L[l.${q} + k]` : `L[l0 + m.${q}]`);
  const left = `vec4<f32>(${rows.map(element).join(', ')})`;
  return kernel({
    parameters: productParameters,
    read: ['L', 'D', ...(masked ? ['mask:u32'] : [])],
    write: ['C'],
    threads: THREADS,
    body: [
      `let rows = vec4<u32>(${ROW} * ${ROWS}u) + vec4<u32>(0u, 1u, 2u, 3u);`,
      'let m = min(rows, vec4<u32>(P.M - 1u));',
      `let first = group.x * ${THREADS * COLUMNS}u + local.x;`,
      ...columns.map((c) => `let n${c} = min(first + ${c * THREADS}u, P.N - 1u);`),
      ...columns.map((c) => `var c${c} = vec4<f32>();`),
      'let l = vec4<u32>(P.left) + m * P.leftStep;',
      'for (var k = 0u; k < P.K; k++) {',
      ...(which === 'plain' ? [] : ['let l0 = P.left + k * P.leftStep;']),
      masked ? `var v = vec4<f32>(); if (mask[k] != 0u) { v = ${left}; }` : `let v = ${left};`,
      'let r = P.right + k * P.rightStep;',
      ...columns.map((c) => `c${c} += v * D[r + n${c}];`),
      '}',
      ...rows.flatMap((q) => [
        `if (rows.${q} < P.M) {`,
        `let o = P.out + rows.${q} * P.outStep + first;`,
        ...columns.map((c) => `if (first + ${c * THREADS}u < P.N) { C[o + ${c * THREADS}u] = c${c}.${q}; }`),
        '}',
      ]),
    ].join('\n'),
  });
}

export const flatParameters = ['M', 'N', 'at', 'stride'];
const place = [`let n = group.x * ${THREADS}u + local.x; let m = ${ROW};`, 'if (n >= P.N) { return; }'];

/** C [M,N] = Dᵀ of D [N,M]. */
export const transposeKernel = (): Kernel =>
  kernel({
    parameters: flatParameters,
    read: ['D'],
    write: ['C'],
    threads: THREADS,
    body: [...place, 'if (m < P.M) { C[m * P.N + n] = D[n * P.M + m]; }'].join('\n'),
  });

/** C [N] = Σ of M rows of D, from `at` on. */
export const sumKernel = (): Kernel =>
  kernel({
    parameters: flatParameters,
    read: ['D'],
    write: ['C'],
    threads: THREADS,
    body: [
      ...place,
      'var s = 0.0; for (var k = 0u; k < P.M; k++) { s += D[P.at + k * P.stride + n]; }',
      'C[n] = s;',
    ].join('\n'),
  });
