import { GatewiseError } from '@gatewise/core';
import { type BatchContext, definePlugin, type UpdateStats } from '@gatewise/plugin';
import * as tf from '@tensorflow/tfjs-core';

/** How large the gradient of one state of one layer is at every time step of one training step. */
export interface FlowRecord {
  readonly step: number;
  readonly layer: string;
  readonly state: string;
  /** ‖δs_t‖₂ over batch and units, [T], first time step first. */
  readonly norms: readonly number[];
}

export interface GradientFlowOptions {
  /** Looks at every n-th step, the first one included; 50 when absent. */
  readonly every?: number;
  /** Called once for each layer and state of such a step. */
  readonly onRecord?: (record: FlowRecord) => void;
}

/**
 * Shows how far back in time a gradient reaches: ‖δs_t‖₂ of every state of every recurrent layer, each `every` steps.
 * Where the norm at the first time step is many powers of ten below that at the last, the gradient has vanished; above, it explodes.
 *
 * Reports `flow/<layer>/<state>/first` and `…/last`, the norms at the first and the last time step. Waits on the device on
 * the steps it looks at, and on no others. Errors: `GW_GRADIENT_FLOW_EVERY`.
 * Source: Hochreiter, "Untersuchungen zu dynamischen neuronalen Netzen", 1991; Bengio, Simard and Frasconi, 1994.
 *
 * @example
 * await train(model, batches, { plugins: [gradientFlow({ every: 50, onRecord: (r) => records.push(r) })], … });
 */
export function gradientFlow({ every = 50, onRecord }: GradientFlowOptions = {}) {
  if (!Number.isInteger(every) || every < 1) {
    throw new GatewiseError(
      'GW_GRADIENT_FLOW_EVERY',
      `got every = ${every}, wanted a whole number of at least 1`,
    );
  }
  return plugin({ every, onRecord });
}

const plugin = definePlugin(
  'gradient-flow',
  ({ every, onRecord }: { every: number; onRecord: GradientFlowOptions['onRecord'] }) => {
    const isDue = (ctx: BatchContext) => ctx.step % every === 0;
    return {
      provideProbe: isDue,
      async beforeUpdate(stats: UpdateStats, ctx: BatchContext) {
        if (!isDue(ctx)) return;
        for (const { layer, states, norms } of await readStats(stats)) {
          states.forEach((state, s) => {
            const series = norms.map((row) => row[s] as number);
            ctx.report(`flow/${layer}/${state}/first`, series[0] as number);
            ctx.report(`flow/${layer}/${state}/last`, series.at(-1) as number);
            onRecord?.({ step: ctx.step, layer, state, norms: series });
          });
        }
      },
    };
  },
);

/** The norms [T][S] of every layer. Handed tensors must not cross an await, so all clones are taken before the first. */
function readStats({ stateGradients, states }: UpdateStats) {
  const layers = Object.entries(stateGradients).map(([layer, norms]) => ({
    layer,
    norms: tf.keep(tf.clone(norms)), // [T,S]
  }));
  return Promise.all(
    layers.map(async ({ layer, norms }) => {
      try {
        return { layer, states: states[layer] ?? [], norms: await norms.array() };
      } finally {
        norms.dispose();
      }
    }),
  );
}
