import { GatewiseError } from '@gatewise/core';
import { definePlugin, type Json, type NamedTensors, type Plugin, type UpdateStats } from '@gatewise/plugin';
import type { Variable } from '@tensorflow/tfjs-core';
import { Averages } from './averages.js';

export interface EmaOptions {
  /** d: how much of the average stays at a step, in [0, 1). Default 0.999. */
  readonly decay?: number | undefined;
  /** The weights end as their averages. Default false. */
  readonly atEnd?: boolean | undefined;
}
type Checked = { readonly [K in keyof EmaOptions]-?: NonNullable<EmaOptions[K]> };

function checked({ decay = 0.999, atEnd = false }: EmaOptions): Checked {
  if (decay >= 0 && decay < 1) return { decay, atEnd };
  throw new GatewiseError('GW_EMA_OPTIONS', `got decay ${decay}, wanted a number in [0, 1), such as 0.999`);
}

/** The hooks of one run. */
export function emaHooks({ decay, atEnd }: Checked) {
  const averages = new Averages();
  let weights: Readonly<Record<string, Variable>> = {};
  let updates = 0;
  let pending: UpdateStats | undefined;
  return {
    // first to see a step and a validation: nobody else's hook meets half of a swap
    order: 'pre' as const,
    onTrainBegin(ctx) {
      weights = ctx.weights;
      averages.set(weights);
    },
    beforeUpdate(stats) {
      pending = stats;
    },
    onBatchEnd() {
      const updated = pending !== undefined && !pending.skipped;
      pending = undefined;
      if (!updated) return;
      updates++;
      averages.add(weights, decayAt(updates, decay));
    },
    onValidationBegin: () => averages.swapIn(weights),
    onValidationEnd: () => averages.swapBack(),
    onTrainEnd(_, end) {
      averages.swapBack();
      if (atEnd && end.reason !== 'failed') averages.assignTo(weights);
    },
    saveState: () => ({ updates }),
    loadState(state: Json) {
      updates = readUpdates(state);
    },
    saveTensors: () => averages.tensors(),
    loadTensors(saved: NamedTensors) {
      averages.set(saved);
    },
    dispose() {
      averages.swapBack();
      averages.clear();
    },
  } satisfies Omit<Plugin, 'name'>;
}

/** d_n = min(d, (1 + n)/(10 + n)), so that the first steps do not weigh for long (TensorFlow's rule). */
const decayAt = (n: number, d: number) => Math.min(d, (1 + n) / (10 + n));

function readUpdates(state: Json): number {
  const { updates } = (state ?? {}) as { updates?: unknown };
  if (Number.isInteger(updates) && (updates as number) >= 0) return updates as number;
  throw new GatewiseError(
    'GW_EMA_STATE',
    `got ${JSON.stringify(state)}, wanted { updates } of a whole number`,
  );
}

const plugin = definePlugin('ema', (options: Checked) => emaHooks(options));

/**
 * Exponential averages of the weights: a ← d a + (1 − d) w after each update, with d = min(decay, (1 + n)/(10 + n)) at the n-th.
 * They stand in for the weights while validation runs, whatever it throws, and with `atEnd` from the end on; training never sees
 * them. Errors: `GW_EMA_OPTIONS`, `GW_EMA_STATE`. Source: Polyak and Juditsky, 1992.
 *
 * @example
 * await train(model, batches, { validation, optimizer, plugins: [ema({ decay: 0.99, atEnd: true })] });
 */
export const ema = (options: EmaOptions = {}) => plugin(checked(options));
