import { definePlugin, type Json, type PluginModule, type RunSnapshot, Tokens } from '@gatewise/plugin';

/** Two plugins: one keeps a run in memory as it stood, the other begins another run there. */
export interface KeptRun {
  /** Keeps the run after so many steps, within an epoch. */
  keepAfter(step: number): PluginModule;
  /** Errors: `GW_RESUME_…`. */
  goOn(): PluginModule;
}

/**
 * Takes up a run where another one stood, for tests of what must go on to the same bits.
 *
 * @example
 * const kept = keptRun();
 * await train(model(), data, { ...options, plugins: [ema(), kept.keepAfter(5)] });
 * await train(model(), data, { ...options, plugins: [ema(), kept.goOn()] }); // from step 5 on, to the same weights
 */
export function keptRun(): KeptRun {
  let kept: RunSnapshot | undefined;
  const keep = definePlugin(
    'kept-run',
    (at: number, run) => ({
      async onSavePoint({ after, step }) {
        if (after === 'step' && step === at) kept = await run.save();
      },
    }),
    [Tokens.RunState],
  );
  const goOn = definePlugin(
    'kept-run',
    (_: object, run) => ({
      onRestore() {
        const { state, tensors } = kept as RunSnapshot;
        return run.restore({ state: JSON.parse(JSON.stringify(state)) as { [key: string]: Json }, tensors });
      },
    }),
    [Tokens.RunState],
  );
  return { keepAfter: (step) => keep(step), goOn: () => goOn({}) };
}
