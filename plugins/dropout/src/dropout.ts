import { GatewiseError, type Regularisers } from '@gatewise/core';
import { definePlugin, type Plugin } from '@gatewise/plugin';

/** Rates in [0, 1); at least one is given. */
export interface DropoutOptions {
  /** On a layer's input x [B,T,I], a new mask every step. */
  readonly input?: number | undefined;
  /** On the recurrent operand [B,H], one mask a sequence (Gal and Ghahramani, 2016). */
  readonly recurrent?: number | undefined;
  /** One mask of the operand a sequence (default), or a new one every step (Semeniuta, Severyn and Barth, 2016). */
  readonly recurrentPer?: 'sequence' | 'step' | undefined;
  /** DropConnect: on the connections in R, one mask a sequence (Wan et al., 2013). */
  readonly connections?: number | undefined;
  /** On a layer's output y [B,T,H], a new mask every step. */
  readonly output?: number | undefined;
  /** The layers it works on, by name or by question; all of them when absent. */
  readonly layers?: readonly string[] | ((name: string) => boolean) | undefined;
}

/** What a recurrent layer is told, with the rates checked. */
function regularisers({ input, recurrent, recurrentPer, connections, output }: DropoutOptions): Regularisers {
  const rates = { input, recurrent, connections, output };
  const given = Object.entries(rates).filter(([, rate]) => rate !== undefined);
  if (given.length === 0) {
    throw new GatewiseError(
      'GW_DROPOUT_RATE',
      'got no rate, wanted one of input, recurrent, connections, output in [0, 1)',
    );
  }
  for (const [name, rate] of given) {
    if (typeof rate === 'number' && rate >= 0 && rate < 1) continue;
    const fix = typeof rate === 'number' && rate >= 2 && rate < 100 ? `; did you mean ${rate / 100}?` : '';
    throw new GatewiseError('GW_DROPOUT_RATE', `got ${name} ${rate}, wanted a number in [0, 1)${fix}`);
  }
  return {
    ...(input !== undefined && { inputDropout: input }),
    ...(recurrent !== undefined && { recurrentDropout: recurrent }),
    ...(recurrentPer !== undefined && { recurrentDropoutPer: recurrentPer }),
    ...(connections !== undefined && { dropConnect: connections }),
    ...(output !== undefined && { outputDropout: output }),
  };
}

/** The hooks, without a container. */
export function dropoutHooks(options: DropoutOptions): Required<Pick<Plugin, 'provideRegularisers'>> {
  const told = regularisers(options);
  const { layers } = options;
  const wanted = typeof layers === 'function' ? layers : (name: string) => layers?.includes(name) ?? true;
  return { provideRegularisers: ({ name }) => (wanted(name) ? told : undefined) };
}

const plugin = definePlugin('dropout', (hooks: ReturnType<typeof dropoutHooks>) => hooks);

/**
 * Dropout of every recurrent layer while it trains: input and output with a new mask every step, the recurrent operand
 * with one mask a sequence. Masks come from the run's seed: the same seed, the same masks. Errors: `GW_DROPOUT_RATE`.
 *
 * @example
 * await train(model, batches, { optimizer, seed: 1, plugins: [dropout({ input: 0.2, recurrent: 0.1 })] });
 */
export const dropout = (options: DropoutOptions) => plugin(dropoutHooks(options));
