import { GatewiseError } from '@gatewise/core';

/** The share of steps, 0 to 1, at which the decoder reads the true symbol before and not its own, by training step. */
export type TruthRate = (step: number) => number;

/** The same share all along; 1 is teacher forcing alone. Errors: `GW_SEQ2SEQ_SCHEDULE`. */
export function constantTruth(rate: number): TruthRate {
  share('rate', rate);
  return () => rate;
}

/**
 * ε_i = max(to, from − (from − to) i / steps) (Bengio et al., 2015). Errors: `GW_SEQ2SEQ_SCHEDULE`.
 *
 * @example linearTruth({ to: 0.5, steps: 2000 });
 */
export function linearTruth({
  from = 1,
  to,
  steps,
}: {
  from?: number;
  to: number;
  steps: number;
}): TruthRate {
  share('from', from);
  share('to', to);
  positive('steps', steps);
  return (i) => from + (to - from) * Math.min(1, i / steps);
}

/**
 * ε_i = k / (k + e^(i / k)), the inverse sigmoid decay (Bengio et al., 2015): half at i = k ln k. Errors: `GW_SEQ2SEQ_SCHEDULE`.
 *
 * @example inverseSigmoidTruth({ k: 500 });
 */
export function inverseSigmoidTruth({ k }: { k: number }): TruthRate {
  positive('k', k);
  // ε = 1 / (1 + e^(i/k − ln k)), which never overflows to NaN
  return (i) => 1 / (1 + Math.exp(i / k - Math.log(k)));
}

function share(name: string, value: number): void {
  if (!(value >= 0 && value <= 1)) bad(`got ${name} = ${value}, wanted a share from 0 to 1`);
}
function positive(name: string, value: number): void {
  if (!(value > 0 && Number.isFinite(value))) bad(`got ${name} = ${value}, wanted a number above 0`);
}
const bad = (text: string): never => {
  throw new GatewiseError('GW_SEQ2SEQ_SCHEDULE', text);
};
