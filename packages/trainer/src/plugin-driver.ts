import { GatewiseError, type Random, type RandomState, random } from '@gatewise/core';
import {
  type Batch,
  type BatchContext,
  type Gradients,
  type Hooks,
  hookKinds,
  type Json,
  type NamedTensors,
  type Observers,
  type Plugin,
  PluginError,
  type Providers,
  type TrainContext,
  type Transforms,
  type UpdateStats,
} from '@gatewise/plugin';
import * as tf from '@tensorflow/tfjs-core';
import { checkPlugins } from './check-plugins.js';
import { checkProvided, checkSynchronous, checkTransformed } from './check-results.js';
import { Stopwatch } from './stopwatch.js';

type AnyHook = (this: Plugin, ...args: unknown[]) => unknown;
const rank = { pre: 0, normal: 1, post: 2 };

/**
 * Calls the hooks of a run's plugins: pre, those without an order, post; in order of registration within each.
 * A throw becomes a `PluginError`; a hook that nobody has costs one look-up.
 *
 * @example
 * const driver = new PluginDriver([plugin], 42);
 * await driver.observe('onTrainBegin', context);
 */
export class PluginDriver {
  readonly plugins: readonly Plugin[];
  /** Where time goes; the hooks of each plugin are parts of it. */
  readonly times: Stopwatch;
  readonly #listeners = new Map<string, readonly Plugin[]>();
  readonly #randoms: ReadonlyMap<string, Random>;

  /** Errors: `GW_PLUGIN_NAME`, `GW_PLUGIN_DUPLICATE`, `GW_PLUGIN_ORDER`, `GW_PLUGIN_HOOK_UNKNOWN`. */
  constructor(plugins: readonly Plugin[], seed = 0, times = new Stopwatch()) {
    checkPlugins(plugins);
    this.times = times;
    this.plugins = [...plugins].sort((a, b) => rank[a.order ?? 'normal'] - rank[b.order ?? 'normal']);
    const root = random(seed);
    this.#randoms = new Map(plugins.map(({ name }) => [name, root.fork(`plugin:${name}`)]));
    for (const hook of Object.keys(hookKinds) as (keyof Hooks)[]) {
      this.#listeners.set(
        hook,
        this.plugins.filter((plugin) => plugin[hook]),
      );
    }
  }

  has(hook: keyof Hooks): boolean {
    return this.#of(hook).length > 0;
  }

  /** Calls and awaits one after the other; the first throw ends it. */
  async observe<K extends keyof Observers>(hook: K, ...args: Parameters<Observers[K]>): Promise<void> {
    for (const plugin of this.#of(hook)) await this.#await(plugin, hook, args);
  }

  /** `beforeUpdate` of one after the other, until one skips the update. */
  async beforeUpdate(stats: UpdateStats, ctx: BatchContext): Promise<void> {
    for (const plugin of this.#of('beforeUpdate')) {
      await this.#await(plugin, 'beforeUpdate', [stats, ctx]);
      if (stats.skipped) return;
    }
  }

  /** Like `observe`, but every plugin is called, whatever the others throw: the errors are given back. */
  async observeAll<K extends keyof Observers>(
    hook: K,
    ...args: Parameters<Observers[K]>
  ): Promise<PluginError[]> {
    const errors: PluginError[] = [];
    for (const plugin of this.#of(hook)) {
      await this.#await(plugin, hook, args).catch((error: PluginError) => errors.push(error));
    }
    return errors;
  }

  /** Each result feeds the next; of all plugins, of those that are `pre`, or of the others. Gradients end at null or 'later': there is no update now. Errors: `GW_PLUGIN_RESULT`. */
  transform<K extends keyof Transforms>(
    hook: K,
    value: Parameters<Transforms[K]>[0],
    context: Parameters<Transforms[K]>[1],
    which: 'all' | 'pre' | 'later' = 'all',
  ): ReturnType<Transforms[K]> {
    let current: unknown = value;
    for (const plugin of this.#of(hook)) {
      if (which !== 'all' && (which === 'pre') !== (plugin.order === 'pre')) continue;
      const result = this.#call(plugin, hook, [current, context]);
      checkTransformed(plugin.name, hook, result, current);
      if (result === null || result === 'later') return result as ReturnType<Transforms[K]>;
      current = merge[hook](result, current);
    }
    return current as ReturnType<Transforms[K]>;
  }

  /** First answer; regularisers are merged field by field, penalties added, a probe needs one true. Errors: `GW_PLUGIN_RESULT`. */
  provide<K extends keyof Providers>(
    hook: K,
    ...args: Parameters<Providers[K]>
  ): ReturnType<Providers[K]> | undefined {
    let joined: unknown;
    for (const plugin of this.#of(hook)) {
      const answer = this.#call(plugin, hook, args);
      if (answer === undefined || answer === null || answer === false) continue;
      checkProvided(plugin.name, hook, answer);
      const join = joins[hook];
      if (!join) return answer as ReturnType<Providers[K]>;
      joined = join(joined, answer);
    }
    return joined as ReturnType<Providers[K]> | undefined;
  }

  /** State and random stream by plugin, for checkpoints. */
  save(): Record<string, Json> {
    return Object.fromEntries(
      this.plugins.map((plugin) => {
        const stream = { ...this.#random(plugin).state() };
        const state = guard(plugin, 'saveState', () => plugin.saveState?.());
        checkSynchronous(plugin.name, 'saveState', state);
        return [plugin.name, state === undefined ? { random: stream } : { random: stream, state }];
      }),
    );
  }

  /** Hands states back. Errors: `GW_PLUGIN_STATE` for an entry that `save` did not write. */
  load(states: Readonly<Record<string, Json>>): void {
    for (const plugin of this.plugins) {
      if (!Object.hasOwn(states, plugin.name)) continue;
      const { random, state } = readState(plugin.name, states[plugin.name] as Json);
      this.#random(plugin).restore(random);
      if (state !== undefined) guard(plugin, 'loadState', () => plugin.loadState?.(state));
    }
  }

  /** Tensors by plugin, for checkpoints; they stay the plugins'. */
  saveTensors(): Record<string, NamedTensors> {
    return Object.fromEntries(
      this.plugins.flatMap((plugin) => {
        const tensors = guard(plugin, 'saveTensors', () => plugin.saveTensors?.());
        checkSynchronous(plugin.name, 'saveTensors', tensors);
        return tensors ? [[plugin.name, tensors]] : [];
      }),
    );
  }

  /** Hands tensors back to those of these names, and disposes of them. */
  loadTensors(names: readonly string[], make: (plugin: string) => Record<string, tf.Tensor>): void {
    for (const plugin of this.plugins) {
      if (!plugin.loadTensors || !names.includes(plugin.name)) continue;
      const tensors = make(plugin.name);
      try {
        guard(plugin, 'loadTensors', () => plugin.loadTensors?.(tensors));
      } finally {
        tf.dispose(tensors);
      }
    }
  }

  #of(hook: keyof Hooks): readonly Plugin[] {
    return this.#listeners.get(hook) ?? [];
  }

  #random(plugin: Plugin): Random {
    return this.#randoms.get(plugin.name) as Random;
  }

  async #await(plugin: Plugin, hook: keyof Observers, args: readonly unknown[]): Promise<void> {
    this.times.enter(`plugin ${plugin.name}`);
    try {
      await (plugin[hook] as AnyHook).apply(plugin, this.#bind(plugin, hook, args));
    } catch (error) {
      throw new PluginError(plugin.name, hook, error);
    } finally {
      this.times.leave();
    }
  }

  #call(plugin: Plugin, hook: keyof Hooks, args: readonly unknown[]): unknown {
    this.times.enter(`plugin ${plugin.name}`);
    try {
      const bound = this.#bind(plugin, hook, args);
      const result = guard(plugin, hook, () => (plugin[hook] as AnyHook).apply(plugin, bound));
      checkSynchronous(plugin.name, hook, result);
      return result;
    } finally {
      this.times.leave();
    }
  }

  /** Gives the plugin a context of its own: with its random stream, and nothing that can be set. */
  #bind(plugin: Plugin, hook: keyof Hooks, args: readonly unknown[]): unknown[] {
    const at = contextIndex(hook);
    const bound = [...args];
    bound[at] = withRandom(args[at] as TrainContext, this.#random(plugin));
    return bound;
  }
}

function contextIndex(hook: keyof Hooks): 0 | 1 | 2 {
  if (hook === 'providePenalty') return 2;
  return hookKinds[hook] === 'transform' || hook === 'beforeUpdate' || hook === 'provideRegularisers' ? 1 : 0;
}

function withRandom(context: TrainContext, stream: Random): TrainContext {
  const fields = Object.getOwnPropertyDescriptors(context);
  const own = Object.defineProperties({}, { ...fields, random: { value: stream, enumerable: true } });
  return Object.freeze(own) as TrainContext;
}

function guard<T>(plugin: Plugin, hook: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw new PluginError(plugin.name, hook, error);
  }
}

/** What goes on to the next plugin. */
const merge: Record<keyof Transforms, (result: unknown, given: unknown) => unknown> = {
  // A batch made anew as { x, y } still carries on.
  transformBatch: (result, given) => ({ ...(given as Batch), ...(result as Batch) }),
  transformLoss: (result) => result,
  transformGradients: (result, given) => inOrder(result as Gradients, given as Gradients),
};

/** In the order of the weights: optimisers keep their slots by position. */
function inOrder(result: Gradients, given: Gradients): Gradients {
  return Object.fromEntries(Object.keys(given).map((name) => [name, result[name] as Gradients[string]]));
}

/** How several answers become one; the first is taken where nothing is said. */
const joins: Partial<Record<keyof Providers, (joined: unknown, next: unknown) => unknown>> = {
  provideRegularisers: (first, next) => ({ ...definedIn(next as object), ...(first as object | undefined) }),
  providePenalty: (sum, next) => (sum === undefined ? next : tf.add(sum as tf.Scalar, next as tf.Scalar)),
};

function definedIn(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function readState(name: string, entry: Json): { random: RandomState; state: Json | undefined } {
  const { random, state } = (entry ?? {}) as { random?: RandomState; state?: Json };
  if (typeof random?.key !== 'number' || typeof random.count !== 'number') {
    throw new GatewiseError(
      'GW_PLUGIN_STATE',
      `got ${JSON.stringify(entry)?.slice(0, 80)} as the state of plugin "${name}", wanted what save() wrote; ` +
        'the checkpoint is damaged, or from another version',
    );
  }
  return { random, state };
}
