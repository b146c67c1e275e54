import { definePlugin, type Json } from '@gatewise/plugin';

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

/** Watches a run; a run that goes on counts on. */
export const watch = definePlugin('watch', (seen: Watched) => {
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
    },
    onEpochEnd({ logs }) {
      if (logs.valLoss !== undefined) seen.heldOut = logs.valLoss;
    },
    saveState: (): Json => ({ characters: seen.characters, seconds: seen.seconds }),
    loadState(state) {
      Object.assign(seen, state);
    },
  };
});
