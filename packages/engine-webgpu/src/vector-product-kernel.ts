import type { Kernel } from './device.js';
import { groupsOf, type Product, productParameters, ROW } from './product-kernels.js';
import { kernel } from './wgsl.js';

/** A thread has two fours of rows, one behind the other, and two of columns, `THREADS` fours apart. */
const THREADS = 32;
const both = [0, 1] as const;
const four = ['x', 'y', 'z', 'w'] as const;

export const vectorProductGroups = (rows: number, columns: number) =>
  groupsOf(Math.ceil(columns / (THREADS * 8)), Math.ceil(rows / 8));

/** Every accumulator: of row `q` in the four `a`, columns in the four `c`. */
const each = (text: (a: number, q: string, c: number) => string): string[] =>
  both.flatMap((a) => four.flatMap((q) => both.map((c) => text(a, q, c))));

/**
 * The product of `productKernel` where every place and step, N, and K or M are multiples of 4: four neighbouring numbers
 * a load, each used eight times.
 */
export function vectorProductKernel(which: Product): Kernel {
  const masked = which === 'transposed-masked';
  return kernel({
    parameters: productParameters,
    read: ['L:vec4<f32>', 'D:vec4<f32>', ...(masked ? ['mask:u32'] : [])],
    write: ['C:vec4<f32>'],
    threads: THREADS,
    body: [
      `let n = group.x * ${THREADS * 2}u + local.x;`,
      'if (n >= P.N / 4u) { return; }',
      ...both.map((c) => `let n${c} = n + ${c * THREADS}u;`),
      ...both.map((c) => `let r${c} = P.right / 4u + min(n${c}, P.N / 4u - 1u);`),
      ...both.map((a) => `let m${a} = ${ROW} * 8u + ${a * 4}u + vec4<u32>(0u, 1u, 2u, 3u);`),
      ...each((a, q, c) => `var c${a}${q}${c} = vec4<f32>();`),
      which === 'plain' ? plain() : transposed(masked),
      ...each(
        (a, q, c) =>
          `if (m${a}.${q} < P.M && n${c} < P.N / 4u) { C[(P.out + m${a}.${q} * P.outStep) / 4u + n${c}] = c${a}${q}${c}; }`,
      ),
    ].join('\n'),
  });
}

/** Four columns of L, rows of D, a turn. */
const plain = (): string =>
  [
    ...both.map(
      (a) => `let l${a} = (vec4<u32>(P.left) + min(m${a}, vec4<u32>(P.M - 1u)) * P.leftStep) / 4u;`,
    ),
    'for (var k = 0u; k < P.K; k += 4u) {',
    ...both.flatMap((a) => four.map((q) => `let v${a}${q} = L[l${a}.${q} + k / 4u];`)),
    ...four.flatMap((p, step) => [
      ...both.map((c) => `let d${p}${c} = D[r${c} + (k + ${step}u) * P.rightStep / 4u];`),
      ...each((a, q, c) => `c${a}${q}${c} += v${a}${q}.${p} * d${p}${c};`),
    ]),
    '}',
  ].join('\n');

const transposed = (masked: boolean): string =>
  [
    ...both.map((a) => `let l${a} = (P.left + min(m${a}.x, P.M - 4u)) / 4u;`),
    'for (var k = 0u; k < P.K; k++) {',
    ...(masked ? ['if (mask[k] == 0u) { continue; }'] : []),
    ...both.map((a) => `let v${a} = L[l${a} + k * P.leftStep / 4u];`),
    ...both.map((c) => `let d${c} = D[r${c} + k * P.rightStep / 4u];`),
    ...each((a, q, c) => `c${a}${q}${c} += v${a}.${q} * d${c};`),
    '}',
  ].join('\n');
