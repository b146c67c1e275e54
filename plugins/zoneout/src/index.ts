import { GatewiseError, type Regularisers } from '@gatewise/core';
import { definePlugin, type Plugin } from '@gatewise/plugin';

export interface ZoneoutOptions {
  /** Rates in [0, 1) by state, such as `{ h: 0.05, c: 0.5 }`; a state that a cell lacks is not for it. */
  readonly rates: Readonly<Record<string, number>>;
  /** The layers it works on, by name or by question; all of them when absent. */
  readonly layers?: readonly string[] | ((name: string) => boolean) | undefined;
}

/** The hooks, without a container. Errors: `GW_ZONEOUT_RATE`. */
export function zoneoutHooks({
  rates,
  layers,
}: ZoneoutOptions): Required<Pick<Plugin, 'provideRegularisers'>> {
  const given = Object.entries(rates ?? {});
  if (given.length === 0) {
    throw new GatewiseError(
      'GW_ZONEOUT_RATE',
      'got no rate, wanted one by state, such as { h: 0.05, c: 0.5 }',
    );
  }
  for (const [state, rate] of given) {
    if (typeof rate === 'number' && rate >= 0 && rate < 1) continue;
    throw new GatewiseError('GW_ZONEOUT_RATE', `got ${state} ${rate}, wanted a number in [0, 1)`);
  }
  const told: Regularisers = { zoneout: { ...rates } };
  const wanted = typeof layers === 'function' ? layers : (name: string) => layers?.includes(name) ?? true;
  return { provideRegularisers: ({ name }) => (wanted(name) ? told : undefined) };
}

const plugin = definePlugin('zoneout', (hooks: ReturnType<typeof zoneoutHooks>) => hooks);

/**
 * Zoneout of every recurrent layer while it trains: units keep their old state with the rate of that state (Krueger et al.,
 * 2017), fused on every engine; at inference a state is its expectation. Masks come from the run's seed. Errors: `GW_ZONEOUT_RATE`.
 *
 * @example
 * await train(model, batches, { optimizer, seed: 1, plugins: [zoneout({ rates: { h: 0.05, c: 0.5 } })] });
 */
export const zoneout = (options: ZoneoutOptions) => plugin(zoneoutHooks(options));
