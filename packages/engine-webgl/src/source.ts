import { counterHash, language, maths } from '@gatewise/shader';

/** Four rows of the batch at once. */
export const four = language('glsl', 4);

/**
 * Which of a sheet's two textures a draw reads at step n: `one` has a single one; else steps of even and odd n lie in two,
 * so that no draw reads what it writes.
 */
export type When = 'one' | 'now' | 'before' | 'after' | 'even' | 'odd';
export interface Sampler {
  readonly name: string;
  readonly sheet: string;
  readonly when: When;
}

/** A draw: its shader, what it reads in the order of texture units, and the sheets that it writes. */
export interface Pass {
  readonly text: string;
  readonly samplers: readonly Sampler[];
  readonly outputs: readonly string[];
}

/**
 * Every shader has: j the column, y the row; p = (rows of four in the batch, parity of n, T, reverse);
 * r = (row offset of n−1, whether it is there, row offset of n+1, whether it is there); o = (first t, first batch row);
 * and, where it uses them, (key, limit) of operand dropout and of zoneout by state, the scale of dropout, zoneout's rates.
 */
const head = `#version 300 es
precision highp float; precision highp int; precision highp sampler2D;
uniform ivec4 p, r, o; uniform uvec2 dropDraw, holdDraw[HOLDS]; uniform float dropScale, holdRate[HOLDS];`;

/** A fragment shader as it is written. */
export class Source {
  readonly samplers = new Map<string, Sampler>();
  readonly #lines: string[] = [];

  /** A texel of a sheet: a vec4. */
  texel(sheet: string, when: When, x: string, y: string): string {
    const name = `${sheet}_${when}`;
    this.samplers.set(name, { name, sheet, when });
    return `texelFetch(${name}, ivec2(${x}, ${y}), 0)`;
  }
  line(...lines: readonly string[]): void {
    this.#lines.push(...lines);
  }
  /** `states`: how many have zoneout. */
  finish(outputs: readonly string[], states = 1): Pass {
    const samplers = [...this.samplers.values()];
    const body = this.#lines.join('\n');
    const text = [
      head.replaceAll('HOLDS', String(states)),
      ...samplers.map(({ name }) => `uniform sampler2D ${name};`),
      ...outputs.map((_, k) => `layout(location = ${k}) out vec4 out${k};`),
      ...(body.includes('gw_') ? [maths(four), counterHash(four)] : []),
      'void main() {',
      'int j = int(gl_FragCoord.x), y = int(gl_FragCoord.y);',
      body,
      '}',
    ].join('\n');
    return { text, samplers, outputs };
  }
}

/** s = n / 2, g the rows of four within the step, z the row in sheets that hold every step. */
export const stepRows = 'int s = y / p.x, g = y - s * p.x, n = 2 * s + p.y, z = n * p.x + g;';
/** t of step n, counted in the whole sequence. */
export const timeOf = (n: string): string => `(o.x + (p.w != 0 ? p.z - 1 - (${n}) : (${n})))`;

/** A product over K: the accumulator += operand · weights, four of K at a time. */
export interface Term {
  /** Texel (k) of the operand: column k of four batch rows. Terms of the same operand stand together. */
  readonly operand: (k: string) => string;
  /** Texel (block of four k): weights k…k+3 of this column. */
  readonly weights: (k4: string) => string;
  readonly into: string;
}

/** One loop over K for all terms. */
export function product(source: Source, K: number, terms: readonly Term[]): void {
  const block = (k4: string, count: number) => {
    const parts = ['x', 'y', 'z', 'w'].slice(0, count);
    let last = '';
    for (const { operand, weights, into } of terms) {
      const fetched = parts.map((part, i) => `u${part} = ${operand(`4 * ${k4} + ${i}`)};`).join(' ');
      if (fetched !== last) source.line(fetched);
      last = fetched;
      source.line(
        `w = ${weights(k4)};`,
        `${into} += ${parts.map((part) => `u${part} * w.${part}`).join(' + ')};`,
      );
    }
  };
  if (terms.length === 0) return;
  source.line('{', 'vec4 ux, uy, uz, uw, w;');
  const whole = Math.floor(K / 4);
  if (whole > 0) {
    source.line(`for (int k = 0; k < ${whole}; k++) {`);
    block('k', 4);
    source.line('}');
  }
  if (K % 4 > 0) block(String(whole), K % 4);
  source.line('}');
}
