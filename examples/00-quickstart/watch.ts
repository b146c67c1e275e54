import { definePlugin } from '@gatewise/plugin';

/** What is seen of a run as it goes. */
export interface Watched {
  /** Loss of the last step, in nats. */
  loss: number;
  /** Held-out loss in nats, where the run got as far as that. */
  heldOut?: number;
  characters: number;
  /** Of training alone. */
  seconds: number;
}

/** A plugin of our own: watches the run and stops it when its minutes are over. */
export const watch = definePlugin(
  'watch',
  ({ seen, minutes }: { seen: Watched; minutes: number | undefined }) => {
    let last = 0;
    return {
      onEpochBegin() {
        last = performance.now();
      },
      async onBatchEnd(ctx) {
        seen.loss = (await ctx.logs()).loss ?? Number.NaN;
        seen.characters += ctx.size;
        seen.seconds += (performance.now() - last) / 1000;
        last = performance.now();
        if (minutes !== undefined && seen.seconds >= minutes * 60) ctx.stop(`--minutes ${minutes} are over`);
      },
      onEpochEnd({ logs }) {
        if (logs.valLoss !== undefined) seen.heldOut = logs.valLoss;
      },
    };
  },
);
