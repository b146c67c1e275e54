import { interpolateLab, piecewise } from 'd3-interpolate';
import { interpolateCividis } from 'd3-scale-chromatic';

/** Values from `low` to `high`, in colours that people with any colour vision tell apart. */
export interface Scale {
  readonly low: number;
  readonly high: number;
  /** What lies in the middle is nothing: two hues, and the page's own ground between them. */
  readonly centred: boolean;
}

/** Blue below, orange above. */
const centred = {
  light: piecewise(interpolateLab, ['#084a86', '#78b0d8', '#f4f3ef', '#eda463', '#8f3a04']),
  dark: piecewise(interpolateLab, ['#9ad2ff', '#2f78b7', '#171b22', '#b3611f', '#ffbd7d']),
};

const tables = new Map<string, Uint8ClampedArray>();

/** More than the eye tells apart. */
export const SHADES = 64;

/** The shades as RGBA, from low to high. */
export function colours(scale: Scale, dark: boolean): Uint8ClampedArray {
  const name = scale.centred ? (dark ? 'dark' : 'light') : 'even';
  const known = tables.get(name);
  if (known) return known;
  const at = name === 'even' ? interpolateCividis : centred[name as 'dark' | 'light'];
  const table = new Uint8ClampedArray(4 * SHADES);
  for (let k = 0; k < SHADES; k++)
    table.set([...at(k / (SHADES - 1)).matchAll(/\d+/g)].map(Number).concat(255).slice(0, 4), 4 * k);
  tables.set(name, table);
  return table;
}

/** Which of them a value has. */
export function shade({ low, high }: Scale, value: number): number {
  return Math.max(0, Math.min(SHADES - 1, Math.round(((SHADES - 1) * (value - low)) / (high - low))));
}
