import { GatewiseError, type Random } from '@gatewise/core';
import type { Optimizer, Tensor } from '@tensorflow/tfjs-core';
import { ContainerModule, type MapToResolvedValueInjectOptions, type ServiceIdentifier } from 'inversify';
import type { Communicator } from './communicator.js';
import type { Awaitable, Hooks } from './hooks.js';
import type { RunInfo } from './run-info.js';
import type { RunState } from './run-state.js';
import type { Clock, Logger, Store } from './services.js';
import type { Texts } from './texts.js';
import type { Times } from './times.js';
import type { Trainable } from './trainable.js';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
/** Tensors by name; names are free, and mean the same in the next run. */
export type NamedTensors = Readonly<Record<string, Tensor>>;

/** A named object with the hooks it listens to, and no others: an absent hook costs nothing. */
export interface Plugin extends Partial<Hooks> {
  readonly name: string;
  /** pre, then those without an order, then post; registration order within each. */
  readonly order?: 'pre' | 'post';
  /** It has to know which batch is the last of an epoch (`BatchContext.last`): the run then fetches one batch ahead. */
  readonly looksAhead?: true;
  /** Plain JSON for checkpoints: asked for when a step or an epoch and all its hooks are over. */
  saveState?(): Json;
  /**
   * Takes back what `saveState` gave, in a run that continues: after `onTrainBegin`, and after `onEpochBegin` where the run
   * was within an epoch. So what these hooks set up is replaced, and they need not know. `ctx.step` is above 0 in them then.
   */
  loadState?(state: Json): void;
  /**
   * Tensors for checkpoints, beside the JSON: averages, sums, the best weights; {} where there are none now. They stay the
   * plugin's, which disposes of them as ever: a checkpoint copies their values, all dtypes but string and complex64.
   */
  saveTensors?(): NamedTensors;
  /**
   * Takes back what `saveTensors` gave, after `loadState`, {} too. The tensors are the caller's, who disposes of them when this
   * returns: keep copies, `tf.keep(tf.clone(t))`, or assign them to variables; dispose of what they replace.
   *
   * @example loadTensors: (saved) => { for (const [name, t] of Object.entries(saved)) averages[name]?.assign(t); }
   */
  loadTensors?(tensors: NamedTensors): void;
  dispose?(): Awaitable<void>;
}

/**
 * What the container of a run can inject. The four services are the trainer's own where `options.container` binds none: files on
 * disk in Node, none in a page; the machine's clock; the console; a stream of `options.seed`, whose place checkpoints keep.
 *
 * @example
 * definePlugin('notes', (_: object, store: Store, clock: Clock) => ({
 *   onEpochEnd: ({ epoch }) => store.write('notes.txt', encode(`epoch ${epoch} at ${clock.now()}`)),
 * }), [Tokens.Store, Tokens.Clock]);
 */
export const Tokens = {
  Plugin: Symbol.for('gatewise.Plugin') as ServiceIdentifier<Plugin>,
  Model: Symbol.for('gatewise.Model') as ServiceIdentifier<Trainable>,
  RunState: Symbol.for('gatewise.RunState') as ServiceIdentifier<RunState>,
  /** What the run was asked for and what computes it; to be called in hooks. */
  RunInfo: Symbol.for('gatewise.RunInfo') as ServiceIdentifier<() => RunInfo>,
  /** The run's optimizer; it stays the caller's. */
  Optimizer: Symbol.for('gatewise.Optimizer') as ServiceIdentifier<Optimizer>,
  Times: Symbol.for('gatewise.Times') as ServiceIdentifier<Times>,
  Texts: Symbol.for('gatewise.Texts') as ServiceIdentifier<Texts>,
  /** Files: checkpoints, reports. */
  Store: Symbol.for('gatewise.Store') as ServiceIdentifier<Store>,
  Clock: Symbol.for('gatewise.Clock') as ServiceIdentifier<Clock>,
  Logger: Symbol.for('gatewise.Logger') as ServiceIdentifier<Logger>,
  /** The ranks that train together; one process where nothing binds another. */
  Communicator: Symbol.for('gatewise.Communicator') as ServiceIdentifier<Communicator>,
  /** Seeded, one of the run, shared by those who inject it; `ctx.random` is a plugin's own. */
  Random: Symbol.for('gatewise.Random') as ServiceIdentifier<Random>,
} as const;

/** What `definePlugin` makes and `train({ plugins })` takes. Falsy entries of that list are ignored. */
export type PluginModule = ContainerModule;

/**
 * Defines a plugin: a factory whose result binds it in the container of a run; the end of the run disposes of it.
 *
 * @param name unique in a run: two of one name are refused (`GW_PLUGIN_DUPLICATE`)
 * @param create options and injected dependencies to hooks; throw a `GatewiseError` for bad options
 * @param deps tokens of the dependencies, in order
 * @example
 * export const scaleLoss = definePlugin('scale-loss', ({ by }: { by: number }) => ({
 *   transformLoss: (loss) => tf.mul(loss, by),
 * }));
 */
export function definePlugin<Options, Deps extends unknown[] = []>(
  name: string,
  create: (options: Options, ...deps: Deps) => Omit<Plugin, 'name'>,
  deps: MapToResolvedValueInjectOptions<Deps> = [] as never,
): (options: Options) => PluginModule {
  if (!/^[a-z][a-z0-9-]*$/.test(name)) {
    throw new GatewiseError('GW_PLUGIN_NAME', `got "${name}", wanted lower-case words joined by "-"`);
  }
  return (options) =>
    new ContainerModule(({ bind }) => {
      bind(Tokens.Plugin)
        .toResolvedValue((...d: Deps): Plugin => named(name, () => create(options, ...d)), deps)
        .inSingletonScope();
    });
}

/** Makes the plugin and gives it its name: the same object, so that `this` and classes work. */
function named(name: string, create: () => Omit<Plugin, 'name'>): Plugin {
  const plugin = attempt(name, create);
  if (typeof plugin !== 'object' || plugin === null || plugin instanceof Promise) {
    const got = plugin instanceof Promise ? 'a promise' : String(plugin);
    throw new GatewiseError(
      'GW_PLUGIN_RESULT',
      `got ${got} from the factory of plugin "${name}", wanted an object of hooks; return { onBatchEnd() { … } }`,
    );
  }
  return Object.isExtensible(plugin) ? Object.assign(plugin, { name }) : { ...plugin, name };
}

/** A coded error about options says all by itself; anything else is told to be this plugin's. */
function attempt<T>(name: string, create: () => T): T {
  try {
    return create();
  } catch (error) {
    throw error instanceof GatewiseError ? error : new PluginError(name, 'create', error);
  }
}

/** A hook threw: names the plugin, the hook and the cause. */
export class PluginError extends Error {
  override readonly name = 'PluginError';
  readonly code = 'GW_PLUGIN_HOOK';
  constructor(
    readonly plugin: string,
    readonly hook: string,
    cause: unknown,
  ) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super(`GW_PLUGIN_HOOK: plugin "${plugin}" failed in ${hook}: ${why}`, { cause });
  }
}
