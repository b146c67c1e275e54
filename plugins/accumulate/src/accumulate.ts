import { GatewiseError } from '@gatewise/core';
import {
  type BatchContext,
  definePlugin,
  type Gradients,
  type Json,
  type NamedTensors,
  type Plugin,
} from '@gatewise/plugin';
import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

export interface AccumulateOptions {
  /** k: batches of an update, 1 or more. */
  readonly batches: number;
}

/** The hooks of one run. */
export function accumulateHooks(k: number) {
  /** Σ n g over the batches so far, n the targets of each. */
  let sums = new Map<string, Tensor>();
  let targets = 0;
  let count = 0;
  const clear = () => {
    tf.dispose([...sums.values()]);
    sums = new Map();
    [targets, count] = [0, 0];
  };
  return {
    // others clip and scale what the update is made of
    order: 'pre' as const,
    looksAhead: true as const,
    transformGradients(gradients: Gradients, { size, step, steps, last }: BatchContext) {
      for (const [name, g] of Object.entries(gradients)) {
        const sum = sums.get(name);
        const term = tf.mul(g, size);
        sums.set(name, tf.keep(sum ? tf.add(sum, term) : term));
        sum?.dispose();
      }
      targets += size;
      count++;
      const isLast = steps !== undefined && step + 1 >= steps;
      if (count < k && !isLast && last !== true) return 'later' as const;
      // g = Σ n g / Σ n
      const mean = Object.fromEntries([...sums].map(([name, sum]) => [name, tf.div(sum, targets)]));
      clear();
      return mean;
    },
    saveState: () => ({ targets, count }),
    loadState(state: Json) {
      ({ targets, count } = readState(state, k));
    },
    saveTensors: (): NamedTensors => Object.fromEntries(sums),
    loadTensors(saved: NamedTensors) {
      tf.dispose([...sums.values()]);
      sums = new Map(Object.entries(saved).map(([name, sum]) => [name, tf.keep(tf.clone(sum))]));
    },
    dispose: clear,
  } satisfies Omit<Plugin, 'name'>;
}

function readState(state: Json, k: number): { targets: number; count: number } {
  const { targets, count } = (state ?? {}) as { targets?: unknown; count?: unknown };
  const whole = (n: unknown): n is number => Number.isInteger(n) && (n as number) >= 0;
  if (whole(targets) && whole(count) && count < k) return { targets, count };
  throw new GatewiseError(
    'GW_ACCUMULATE_STATE',
    `got ${JSON.stringify(state)}, wanted { targets, count } of whole numbers, fewer than ${k} batches`,
  );
}

const plugin = definePlugin('accumulate', (k: number) => accumulateHooks(k));

/**
 * One update from the gradients of k batches, each weighed by its targets: g = Σ n g / Σ n, the gradient of the k batches as one.
 * Batches that are short of k at the end of an epoch, or of the steps of a run, make an update of their own. Errors: `GW_ACCUMULATE_OPTIONS`, `GW_ACCUMULATE_STATE`.
 *
 * @example
 * await train(model, batches, { optimizer, epochs: 3, plugins: [accumulate({ batches: 4 })] });
 */
export const accumulate = ({ batches }: AccumulateOptions) => {
  if (Number.isInteger(batches) && batches >= 1) return plugin(batches);
  throw new GatewiseError(
    'GW_ACCUMULATE_OPTIONS',
    `got batches ${batches}, wanted a whole number of them, 1 or more`,
  );
};
