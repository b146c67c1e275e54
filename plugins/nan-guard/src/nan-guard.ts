import { GatewiseError, type LayerInfo } from '@gatewise/core';
import {
  type BatchContext,
  definePlugin,
  type Json,
  type Logger,
  type Plugin,
  Tokens,
  type UpdateStats,
} from '@gatewise/plugin';
import type { Optimizer } from '@tensorflow/tfjs-core';
import { type Bad, describeBad, findBad, sumOfZeros } from './find.js';
import { LastGood } from './last-good.js';

export interface NanGuardOptions {
  /**
   * What a bad step does: `skip` leaves its update out, `stop` ends the run, `roll-back` puts the last good weights and slots of
   * the optimizer back. Default `skip`.
   */
  readonly action?: 'skip' | 'stop' | 'roll-back' | undefined;
  /** Looks at every n-th step; each look waits on the device. Default 1. */
  readonly every?: number | undefined;
  /** For `roll-back`: copies what is good every so many looks. Default 10. */
  readonly keepEvery?: number | undefined;
  /** So many bad looks in a row end the run. Default 10. */
  readonly limit?: number | undefined;
}
type Checked = { readonly [K in keyof NanGuardOptions]-?: NonNullable<NanGuardOptions[K]> };

function checked({ action = 'skip', ...counts }: NanGuardOptions): Checked {
  const refuse = (what: string) => new GatewiseError('GW_NAN_GUARD_OPTIONS', what);
  if (!['skip', 'stop', 'roll-back'].includes(action)) {
    throw refuse(`got action "${action}", wanted "skip", "stop" or "roll-back"`);
  }
  const { every = 1, keepEvery = 10, limit = 10 } = counts;
  for (const [name, n] of Object.entries({ every, keepEvery, limit })) {
    if (!Number.isInteger(n) || n < 1) throw refuse(`got ${name} ${n}, wanted a whole number, 1 or more`);
  }
  return { action, every, keepEvery, limit };
}

/** The hooks of one run. */
function nanGuardHooks(options: Checked, optimizer: Optimizer, logger: Logger) {
  const { action, every, keepEvery, limit } = options;
  const layers = new Map<string, LayerInfo>();
  const good = new LastGood(optimizer);
  let looks = 0;
  let badInARow = 0;
  const isFine = async ({ gradients }: UpdateStats) => {
    const zero = sumOfZeros(gradients);
    const [sum] = await zero.data().finally(() => zero.dispose());
    return sum === 0;
  };
  const guard = async (found: readonly Bad[], stats: UpdateStats, ctx: BatchContext) => {
    const isLost = found.some(({ kind }) => kind === 'weight');
    stats.skip();
    badInARow++;
    const rolled = action === 'roll-back' && good.step !== undefined;
    if (rolled) await good.restore(ctx.weights);
    const over = action === 'stop' || badInARow >= limit || (isLost && !rolled);
    const done = over ? 'the run ends' : rolled ? `back to step ${good.step}` : 'its update is left out';
    const others = found.length > 1 ? `, and ${found.length - 1} more tensors` : '';
    const message = `step ${ctx.step}: ${describeBad(found[0] as Bad)}${others}; ${done}`;
    logger.warn(message);
    if (over) ctx.stop(message);
  };
  return {
    // before anyone else acts on a bad step
    order: 'pre' as const,
    provideRegularisers(layer: LayerInfo) {
      layers.set(layer.name, layer);
      return undefined;
    },
    async beforeUpdate(stats: UpdateStats, ctx: BatchContext) {
      if (ctx.step % every !== 0) return;
      if (await isFine(stats)) {
        badInARow = 0;
        if (action !== 'roll-back') return;
        const isDue = looks++ % keepEvery === 0;
        if (isDue || good.step === undefined) await good.take(ctx.weights, ctx.step);
        return;
      }
      // a bad weight makes every gradient bad: it came first
      const weights = await findBad('weight', ctx.weights, layers);
      const found = [...weights, ...(await findBad('gradient', stats.gradients, layers))];
      if (found.length > 0) await guard(found, stats, ctx);
    },
    saveState: () => ({ looks, badInARow }),
    loadState(state: Json) {
      ({ looks, badInARow } = readState(state));
    },
    dispose: () => good.clear(),
  } satisfies Omit<Plugin, 'name'>;
}

function readState(state: Json): { looks: number; badInARow: number } {
  const { looks, badInARow } = (state ?? {}) as { looks?: unknown; badInARow?: unknown };
  if (Number.isInteger(looks) && Number.isInteger(badInARow)) return state as ReturnType<typeof readState>;
  const got = JSON.stringify(state);
  throw new GatewiseError('GW_NAN_GUARD_STATE', `got ${got}, wanted { looks, badInARow } of whole numbers`);
}

const plugin = definePlugin(
  'nan-guard',
  (options: Checked, optimizer: Optimizer, logger: Logger) => nanGuardHooks(options, optimizer, logger),
  [Tokens.Optimizer, Tokens.Logger],
);

/**
 * Looks at the gradients before each update; where a number is NaN or infinite it names step, tensor, gate and unit in a warning,
 * and skips the update, ends the run, or puts the last good weights and slots back. Weights that are bad already end a run that
 * cannot roll back. Errors: `GW_NAN_GUARD_OPTIONS`, `GW_NAN_GUARD_STATE`.
 *
 * @example
 * await train(model, batches, { optimizer, plugins: [nanGuard({ action: 'roll-back' })] });
 * // gatewise: step 12: gradient of "lstm/kernel": NaN at [3, 70], gate f, unit 6; 5 of 4096 numbers are bad; back to step 10
 */
export const nanGuard = (options: NanGuardOptions = {}) => plugin(checked(options));
