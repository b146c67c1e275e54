import { foldKey, hashText, type Regularisers } from '@gatewise/core';
import type { RecurArgs, Run } from '@gatewise/recurrence';
import { checkRate } from './check-config.js';
import type { Settings } from './config.js';

/** One stream of random numbers for each use, so that no two masks are alike. */
const streams = { input: 1, recurrent: 2, output: 3, zoneout: 4, connections: 5 } as const;
type Stream = keyof typeof streams;

/** What regularises one call. */
export interface Regularisation {
  readonly training: boolean;
  readonly rates: Rates;
  readonly key: (stream: Stream) => number;
}
export interface Rates {
  readonly input: number;
  readonly recurrent: number;
  readonly output: number;
  /** Of R. */
  readonly connections: number;
  /** The mask of the operand is drawn anew every step. */
  readonly perStep: boolean;
  readonly zoneout: Readonly<Record<string, number>>;
}

/** The layer's own rates with the run's over them, field by field. Errors: `GW_LAYER_RATE`. */
export function mergeRates(own: Settings, run: Regularisers): Rates {
  // a plugin speaks to every layer: rates of states that this cell lacks are not for it
  const forUs = Object.entries(run.zoneout ?? {}).filter(([state]) => own.cell.state.includes(state));
  const rates: Rates = {
    input: run.inputDropout ?? own.dropout,
    recurrent: run.recurrentDropout ?? own.recurrentDropout,
    output: run.outputDropout ?? own.outputDropout,
    connections: run.dropConnect ?? own.dropConnect,
    perStep: (run.recurrentDropoutPer ?? own.recurrentDropoutPer) === 'step',
    zoneout: { ...own.zoneout, ...Object.fromEntries(forUs) },
  };
  for (const field of ['input', 'recurrent', 'output', 'connections'] as const) {
    checkRate(`${field} dropout`, rates[field]);
  }
  for (const [state, rate] of Object.entries(rates.zoneout)) checkRate(`zoneout.${state}`, rate);
  return rates;
}

/** Keys of a step in a trainer's run: its seed, its step, the layer's name. */
export const runKeys = (run: Run, layer: string) => (stream: Stream) =>
  foldKey(run.seed, run.step, hashText(layer), streams[stream]);

/** Keys of a step in plain `model.fit`: the layer's seed and its own count of training calls. */
export const ownKeys = (seed: number, step: number) => (stream: Stream) =>
  foldKey(seed, step, streams[stream]);

/** What of it happens inside the op: dropout on the operand while training; zoneout always, at inference as its expectation. */
export function regularisedArgs({ training, rates, key }: Regularisation): Partial<RecurArgs> {
  return {
    ...(training && rates.recurrent > 0
      ? {
          operandDropout: {
            rate: rates.recurrent,
            seed: key('recurrent'),
            per: rates.perStep ? ('step' as const) : ('sequence' as const),
          },
        }
      : {}),
    ...(Object.values(rates.zoneout).some((rate) => rate > 0)
      ? { zoneout: { rates: rates.zoneout, seed: key('zoneout'), training } }
      : {}),
  };
}
