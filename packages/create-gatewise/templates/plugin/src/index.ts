import { GatewiseError } from '@gatewise/core';
import { definePlugin, type Json } from '@gatewise/plugin';

export interface MyPluginOptions {
  /** Steps between reports; 1 when absent. */
  readonly every?: number;
}

/** Reports how many targets the run has seen, as `seen`. Errors: `GW_MYPLUGIN_EVERY`. */
export const myPlugin = definePlugin('my-plugin', ({ every = 1 }: MyPluginOptions) => {
  if (!Number.isInteger(every) || every < 1) {
    throw new GatewiseError('GW_MYPLUGIN_EVERY', `got every ${every}, wanted a whole number of at least 1`);
  }
  let seen = 0;
  return {
    onBatchEnd(ctx) {
      seen += ctx.size;
      if (ctx.step % every === 0) ctx.report('seen', seen);
    },
    // what a checkpoint keeps, and gives back when a run goes on
    saveState: (): Json => ({ seen }),
    loadState(state: Json) {
      seen = Number((state as { seen: number }).seen);
    },
  };
});
