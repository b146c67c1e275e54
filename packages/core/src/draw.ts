import { GatewiseError } from './errors.js';
import type { Random } from './random.js';

/** What narrows or widens a choice among logits; they act in this order. */
export interface DrawOptions {
  /** τ: below 1 bolder in what is likely, above 1 more adventurous, 0 takes the largest; 1 when absent. */
  readonly temperature?: number;
  /** The k likeliest alone (Fan, Lewis and Dauphin, 2018). */
  readonly topK?: number;
  /** The likeliest that together reach the probability p (Holtzman et al., 2020). */
  readonly topP?: number;
}

/** Errors: `GW_DRAW_OPTION`. */
export function checkDrawOptions({ temperature: τ = 1, topK, topP }: DrawOptions): void {
  const bad = (text: string) => {
    throw new GatewiseError('GW_DRAW_OPTION', text);
  };
  if (!(τ >= 0 && Number.isFinite(τ))) bad(`got temperature = ${τ}, wanted 0 or more, such as 0.8`);
  if (topK !== undefined && !(Number.isInteger(topK) && topK >= 1)) {
    bad(`got topK = ${topK}, wanted a whole number of at least 1, such as 40`);
  }
  if (topP !== undefined && !(topP > 0 && topP <= 1))
    bad(`got topP = ${topP}, wanted more than 0 and at most 1, such as 0.9`);
}

/**
 * p(c) ∝ e^(z_c / τ) over the classes that `topK` and `topP` leave, 0 elsewhere; the lower id first where logits are equal.
 * Logits of −∞ are never drawn. Errors: `GW_DRAW_OPTION`, `GW_DRAW_LOGITS`.
 *
 * @example probabilities([0, Math.log(3)], { temperature: 1 }); // [0.25, 0.75]
 */
export function probabilities(
  z: ArrayLike<number>, // [C]
  options: DrawOptions = {},
): Float64Array {
  checkDrawOptions(options);
  const { temperature: τ = 1, topK = z.length, topP = 1 } = options;
  const largest = max(z);
  const e = Float64Array.from(z, (zc) => (τ === 0 ? Number(zc === largest) : Math.exp((zc - largest) / τ)));
  if (τ === 0) return onlyFirst(e);
  const order = topK < z.length || topP < 1 ? [...e.keys()].sort((a, b) => e[b]! - e[a]! || a - b) : [];
  for (const c of order.splice(Math.min(topK, order.length))) e[c] = 0;
  if (topP < 1) nucleus(e, order, topP);
  const s = sum(e);
  return e.map((ec) => ec / s);
}

/**
 * A class drawn by inversion from `probabilities(z, options)`. Errors: `GW_DRAW_OPTION`, `GW_DRAW_LOGITS`.
 *
 * @example draw(logits, { temperature: 0.8, topP: 0.9 }, random(1));
 */
export function draw(
  z: ArrayLike<number>, // [C]
  options: DrawOptions,
  stream: Random,
): number {
  const p = probabilities(z, options);
  let left = stream.uniform();
  const id = p.findIndex((pc) => {
    left -= pc;
    return left < 0;
  });
  // what rounding leaves over goes to the last that may be drawn
  return id === -1 ? p.reduce((last, pc, c) => (pc > 0 ? c : last), 0) : id;
}

/** Keeps the smallest head of the order whose sum reaches p. */
function nucleus(e: Float64Array, order: readonly number[], p: number): void {
  const s = sum(e);
  let reached = 0;
  for (const c of order) {
    if (reached >= p * s) e[c] = 0;
    else reached += e[c]!;
  }
}

function max(z: ArrayLike<number>): number {
  let largest = -Infinity;
  for (let c = 0; c < z.length; c++) {
    if (Number.isNaN(z[c])) fail(`NaN at ${c}`);
    largest = Math.max(largest, z[c]!);
  }
  return Number.isFinite(largest) ? largest : fail(z.length === 0 ? 'none' : `a largest of ${largest}`);
}

const fail = (got: string): never => {
  throw new GatewiseError(
    'GW_DRAW_LOGITS',
    `got ${got} among logits, wanted finite ones, −∞ for what must not be drawn`,
  );
};
const sum = (e: Float64Array): number => e.reduce((a, b) => a + b, 0);
const onlyFirst = (e: Float64Array): Float64Array => {
  const first = e.indexOf(1);
  return e.map((_, c) => Number(c === first));
};
