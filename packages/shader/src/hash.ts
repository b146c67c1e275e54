import type { Language } from './language.js';

/**
 * The counter hash of core's `foldKey`, bit by bit, and `gw_drawn`: whether the draw of (key, t, b, unit) is taken.
 * GLSL needs `precision highp int`. The limit comes from `drawLimit`.
 */
export function counterHash({ dialect }: Pick<Language, 'dialect'>): string {
  const w = dialect === 'wgsl';
  const u = w ? 'u32' : 'uint';
  const head = (type: string, name: string, parameters: readonly string[]) =>
    w
      ? `fn ${name}(${parameters.map((p) => `${p}: u32`).join(', ')}) -> ${type}`
      : `${type} ${name}(${parameters.map((p) => `uint ${p}`).join(', ')})`;
  const local = w ? 'var' : u;
  const bool = 'bool';
  return [
    `${head(u, 'gw_fold', ['k', 'n'])} {`,
    // k·0x9e3779b1 + n + 1, mixed (Wellons, "lowbias32", 2018)
    `  ${local} x = k * 0x9e3779b1u + n + 1u;`,
    '  x = (x ^ (x >> 16u)) * 0x21f0aaadu;',
    '  x = (x ^ (x >> 15u)) * 0x735a2d97u;',
    '  return x ^ (x >> 15u);',
    '}',
    `${head(bool, 'gw_drawn', ['key', 't', 'b', 'unit', 'limit'])} {`,
    '  return gw_fold(gw_fold(gw_fold(key, t), b), unit) <= limit;',
    '}',
  ].join('\n');
}

/** u < rate·2³² as u ≤ limit, a u32, for 0 < rate < 1: the draw that core's `drawBelow` takes. */
export function drawLimit(rate: number): number {
  const bound = rate * 0x100000000;
  const floor = Math.floor(bound);
  return floor === bound ? floor - 1 : floor;
}
