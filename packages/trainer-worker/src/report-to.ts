import { type Clock, definePlugin, type PluginModule, Tokens, type Trainable } from '@gatewise/plugin';
import type { Inside } from './inside.js';

/** Milliseconds between two reports of steps: each reads the loss from the device. */
const PAUSE = 100;

interface Watching {
  readonly line: Inside;
  /** Takes the model as the trainer sees it. */
  readonly take: (model: Trainable) => void;
}

/** Tells outside of steps, now and then, and of each epoch. */
export const reportTo: (options: Watching) => PluginModule = definePlugin(
  'report-to-outside',
  ({ line, take }: Watching, model: Trainable, clock: Clock) => {
    let reported = Number.NEGATIVE_INFINITY;
    return {
      order: 'post',
      onTrainBegin: () => take(model),
      async onBatchEnd(ctx) {
        const { epoch, epochs, step, steps } = ctx;
        if (clock.elapsed() - reported < PAUSE && step !== steps) return;
        const logs = await ctx.logs();
        reported = clock.elapsed();
        line.post({
          type: 'step',
          report: { epoch, epochs, step, ...(steps !== undefined && { steps }), logs },
        });
      },
      onEpochEnd: ({ epoch, epochs, logs }) => line.post({ type: 'epoch', report: { epoch, epochs, logs } }),
    };
  },
  [Tokens.Model, Tokens.Clock],
);
