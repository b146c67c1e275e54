import type { Kernel } from './device.js';
import { ROW } from './product-kernels.js';
import { kernel } from './wgsl.js';

/** M ids, `I` rows of W, N columns. */
export const scatterParameters = ['M', 'N', 'I'];

/** For every place its next one with the same id, M where it is the last; from M on, whether it is the first. */
export const linksKernel = (): Kernel =>
  kernel({
    parameters: scatterParameters,
    read: ['ids:i32'],
    write: ['links:u32'],
    threads: 64,
    body: [
      'let m = group.x * 64u + local.x;',
      'if (m >= P.M) { return; }',
      'let id = ids[m];',
      'var next = m + 1u; while (next < P.M && ids[next] != id) { next++; }',
      'var first = 0u; while (first < m && ids[first] != id) { first++; }',
      'links[m] = next;',
      'links[P.M + m] = select(0u, 1u, first == m && id >= 0 && id < i32(P.I));',
    ].join('\n'),
  });

/** C [I,N] += rows of A [M,N] by their ids, C zero before: the first of an id sums along the links. No atomics, so the same bits again. */
export const scatterKernel = (): Kernel =>
  kernel({
    parameters: scatterParameters,
    read: ['ids:i32', 'links:u32', 'A'],
    write: ['C'],
    threads: 64,
    body: [
      `let n = group.x * 64u + local.x; let m = ${ROW};`,
      'if (n >= P.N || m >= P.M || links[P.M + m] == 0u) { return; }',
      'var s = 0.0; for (var k = m; k < P.M; k = links[k]) { s += A[k * P.N + n]; }',
      'C[u32(ids[m]) * P.N + n] = s;',
    ].join('\n'),
  });
