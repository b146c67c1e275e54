import { GatewiseError } from '@gatewise/core';

/** Where a run stands. */
export interface Moment {
  /** Steps done. */
  readonly step: number;
  /** Steps planned, where known. */
  readonly steps?: number;
}
/** η of the step to come. */
export type Rule = (at: Moment) => number;

export interface ConstantOptions {
  /** η, at least 0. */
  readonly rate: number;
}
export interface StepOptions {
  /** η₀, at least 0. */
  readonly rate: number;
  /** n: steps between two changes. */
  readonly every: number;
  /** γ, above 0; 0.1 where absent. */
  readonly factor?: number;
}
export interface CosineOptions {
  /** η₀, at least 0. */
  readonly rate: number;
  /** η₁, where it ends; 0 where absent. */
  readonly end?: number;
  /** N: steps until the end; those of the run, where it knows them, when absent. */
  readonly steps?: number;
}
export interface WarmUpOptions {
  /** n: steps of the rise. */
  readonly steps: number;
  /** What comes after; the rise ends where it begins. */
  readonly after: Rule;
}
export interface OneCycleOptions {
  /** η at the top. */
  readonly rate: number;
  /** The start is the top divided by this; 25 where absent. */
  readonly startFactor?: number;
  /** The end is the start divided by this; 1e4 where absent. */
  readonly endFactor?: number;
  /** Share of the steps that rise, between 0 and 1; 0.3 where absent. */
  readonly rise?: number;
  /** N, as for `cosine`. */
  readonly steps?: number;
}

const refuse = (text: string) => new GatewiseError('GW_LR_OPTIONS', text);

/** Errors: `GW_LR_OPTIONS`. */
export function rateOf(name: string, value: number): number {
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
  throw refuse(`got ${name} ${value}, wanted a finite number of at least 0, such as 1e-3`);
}
export function positive(name: string, value: number): number {
  if (typeof value === 'number' && Number.isFinite(value) && value > 0) return value;
  throw refuse(`got ${name} ${value}, wanted a finite number above 0`);
}
function count(name: string, value: number): number {
  if (Number.isInteger(value) && value >= 1) return value;
  throw refuse(`got ${name} ${value}, wanted a whole number of steps, 1 or more`);
}

/** N: what was given, or what the run plans. */
function total(rule: string, given: number | undefined, planned: number | undefined): number {
  const n = given ?? planned;
  if (n !== undefined) return n;
  throw new GatewiseError(
    'GW_LR_STEPS',
    `got a run that does not know its number of steps, wanted it for ${rule}; give it as steps, or train() as steps`,
  );
}

/** η = η₀ */
export function constant({ rate }: ConstantOptions): Rule {
  const η0 = rateOf('rate', rate);
  return () => η0;
}

/** η = η₀ γ^⌊t/n⌋ */
export function step({ rate, every, factor = 0.1 }: StepOptions): Rule {
  const [η0, n, γ] = [rateOf('rate', rate), count('every', every), positive('factor', factor)];
  return ({ step: t }) => η0 * γ ** Math.floor(t / n);
}

/** η = η₁ + ½ (η₀ − η₁)(1 + cos(π t/N)), then η₁. Source: Loshchilov and Hutter, 2017 (without restarts). */
export function cosine({ rate, end = 0, steps }: CosineOptions): Rule {
  const [η0, η1] = [rateOf('rate', rate), rateOf('end', end)];
  if (steps !== undefined) count('steps', steps);
  return (at) => {
    const N = total('cosine', steps, at.steps);
    return cosineBetween(η0, η1, Math.min(1, at.step / N));
  };
}

/** From a at 0 to b at 1. */
const cosineBetween = (a: number, b: number, part: number) =>
  b + 0.5 * (a - b) * (1 + Math.cos(Math.PI * part));

/** η = (t + 1)/(n + 1) · η_then(0) for t < n, then η_then(t − n), which plans for n steps fewer. Source: Goyal et al., 2017. */
export function warmUp({ steps, after }: WarmUpOptions): Rule {
  const n = count('steps', steps);
  if (typeof after !== 'function')
    throw refuse(`got after of type ${typeof after}, wanted a rule, such as constant({ rate: 1e-3 })`);
  return ({ step: t, steps: planned }) => {
    const left = planned === undefined ? {} : { steps: Math.max(1, planned - n) };
    return t < n ? (after({ step: 0, ...left }) * (t + 1)) / (n + 1) : after({ step: t - n, ...left });
  };
}

/** Up from η/25 to η over a share of the steps, down to η/25/10⁴ over the rest, both as cosines. Source: Smith and Topin, 2019. */
export function oneCycle(options: OneCycleOptions): Rule {
  const { rate, startFactor = 25, endFactor = 1e4, rise = 0.3, steps } = options;
  const top = rateOf('rate', rate);
  const start = top / positive('startFactor', startFactor);
  const end = start / positive('endFactor', endFactor);
  if (!(rise > 0 && rise < 1)) throw refuse(`got rise ${rise}, wanted a share between 0 and 1`);
  if (steps !== undefined) count('steps', steps);
  return (at) => {
    // the last step is at the end
    const last = total('one-cycle', steps, at.steps) - 1;
    const turn = rise * last;
    const t = Math.min(at.step, last);
    if (t < turn) return cosineBetween(start, top, t / turn);
    return cosineBetween(top, end, last > turn ? (t - turn) / (last - turn) : 0);
  };
}
