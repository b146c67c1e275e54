import { GatewiseError, random } from '@gatewise/core';
import {
  type Communicator,
  consoleLogger,
  fileStore,
  oneProcess,
  type Plugin,
  PluginError,
  type PluginModule,
  type RunInfo,
  type RunState,
  systemClock,
  type TextSample,
  Tokens,
  type Trainable,
} from '@gatewise/plugin';
import type { Optimizer } from '@tensorflow/tfjs-core';
import { Container, type ServiceIdentifier } from 'inversify';
import { dryStore, readOnly } from './dry-store.js';
import { PluginDriver } from './plugin-driver.js';
import { Stopwatch } from './stopwatch.js';

/** What `plugins` takes: `debug && progress()` is fine. */
export type PluginList = readonly (PluginModule | false | null | undefined | '' | 0)[];

/** The container of one run: makes its plugins and disposes of them. */
export class PluginScope {
  readonly #container: Container;
  readonly #made: Plugin[] = [];
  readonly #times: Stopwatch;
  #driver: PluginDriver | undefined;
  #seed: number;
  #runState: RunState | undefined;

  constructor(model: Trainable, optimizer: Optimizer, seed: number, parent?: Container, dryRun = false) {
    // without code made from text: pages that forbid `unsafe-eval` train too
    this.#container = new Container({ jitless: true, ...(parent && { parent }) });
    this.#seed = seed;
    this.#container.bind(Tokens.Model).toConstantValue(model);
    this.#container.bind(Tokens.RunState).toConstantValue(this.#lateRunState());
    this.#container.bind(Tokens.Optimizer).toConstantValue(optimizer);
    const texts: TextSample[] = [];
    this.#container.bind(Tokens.Texts).toConstantValue({ all: texts, add: (text) => texts.push(text) });
    this.#bindServices(parent, dryRun);
    const clock = this.#container.get(Tokens.Clock);
    this.#times = new Stopwatch(() => clock.elapsed());
    this.#container.bind(Tokens.Times).toConstantValue(this.#times);
    // Plugins made before another one fails are disposed of too.
    this.#container.onActivation(Tokens.Plugin, (_, plugin) => {
      this.#made.push(plugin);
      return plugin;
    });
  }

  get<T>(token: ServiceIdentifier<T>): T {
    return this.#container.get(token);
  }

  /** What plugins bind; the communicator is there afterwards. Errors: `GW_PLUGIN_UNKNOWN`, and those of a communicator. */
  async load(plugins: PluginList): Promise<{ modules: readonly PluginModule[]; communicator: Communicator }> {
    const modules = plugins.filter((entry): entry is PluginModule => Boolean(entry));
    modules.forEach(checkModule);
    await this.#container.loadAsync(...modules);
    if (!this.#container.isBound(Tokens.Communicator))
      this.#container.bind(Tokens.Communicator).toConstantValue(oneProcess);
    const communicator = await this.#container.getAsync(Tokens.Communicator);
    if (communicator.rank > 0) this.#silence(communicator.rank);
    return { modules, communicator };
  }

  /** Rank 0 alone writes and talks; a warning is told by whoever has it. */
  #silence(rank: number): void {
    const [store, logger] = [this.get(Tokens.Store), this.get(Tokens.Logger)];
    const warn = (message: string) => logger.warn(`rank ${rank}: ${message}`);
    this.#rebind(Tokens.Store, readOnly(store));
    this.#rebind(Tokens.Logger, { info: () => {}, warn });
  }

  #rebind<T>(token: ServiceIdentifier<T>, value: T): void {
    if (this.#container.isCurrentBound(token)) this.#container.unbind(token);
    this.#container.bind(token).toConstantValue(value);
  }

  /** Errors: `GW_PLUGIN_CREATE`, those of the driver, and what a plugin says of its options. */
  async open(modules: readonly PluginModule[], seed: number): Promise<PluginDriver> {
    this.#seed = seed;
    try {
      const made = modules.length > 0 ? await this.#container.getAllAsync(Tokens.Plugin) : [];
      this.#driver = new PluginDriver(made, seed, this.#times);
      return this.#driver;
    } catch (error) {
      if (error instanceof GatewiseError || error instanceof PluginError) throw error;
      const why = error instanceof Error ? error.message : String(error);
      throw new GatewiseError(
        'GW_PLUGIN_CREATE',
        `a plugin could not be made; bind what it injects in options.container. ${why}`,
        { cause: error },
      );
    }
  }

  /** Disposes of the plugins, last first, whatever some of them throw: the errors are given back. */
  async close(): Promise<Error[]> {
    const errors: Error[] = [];
    for (const plugin of [...(this.#driver?.plugins ?? this.#made)].reverse()) {
      try {
        await plugin.dispose?.();
      } catch (error) {
        errors.push(new PluginError(plugin.name, 'dispose', error));
      }
    }
    await this.#container.unbindAllAsync().catch((error: Error) => errors.push(error));
    return errors;
  }

  /** Each where the caller's container brings none. */
  #bindServices(parent: Container | undefined, dryRun: boolean): void {
    if (dryRun) {
      const store = parent?.isBound(Tokens.Store) ? parent.get(Tokens.Store) : fileStore();
      this.#container.bind(Tokens.Store).toConstantValue(dryStore(store));
    }
    const services = [
      ...(dryRun ? [] : [[Tokens.Store, fileStore] as const]),
      [Tokens.Clock, () => systemClock],
      [Tokens.Logger, () => consoleLogger],
      // late: the seed may come from another rank
      [Tokens.Random, () => random(this.#seed).fork('services')],
    ] as const;
    for (const [token, create] of services) {
      if (parent?.isBound(token)) continue;
      this.#container.bind<unknown>(token).toDynamicValue(create).inSingletonScope();
    }
  }

  /** Before the plugins are made, which may inject it. */
  bindRunInfo(describe: (plugins: readonly string[]) => RunInfo): void {
    const names = () => (this.#driver?.plugins ?? []).map(({ name }) => name);
    this.#container.bind(Tokens.RunInfo).toConstantValue(() => describe(names()));
  }

  /** Known once the loop is made, before any hook is called. */
  bindRunState(state: RunState): void {
    this.#runState = state;
  }

  /** Plugins that inject it are made before there is a run. */
  #lateRunState(): RunState {
    const state = () => {
      if (this.#runState) return this.#runState;
      throw new GatewiseError(
        'GW_TRAIN_STATE',
        'got a call of RunState while plugins are being made, wanted it from onSavePoint or onRestore',
      );
    };
    return { save: () => state().save(), restore: (snapshot) => state().restore(snapshot) };
  }
}

function checkModule(entry: unknown, at: number): void {
  const { load, name } = entry as Partial<PluginModule & Plugin>;
  if (typeof entry === 'object' && typeof load === 'function') return;
  const fix =
    typeof entry === 'function'
      ? `call it: ${(entry as { name?: string }).name || 'plugin'}(options)`
      : `make it with definePlugin("${typeof name === 'string' ? name : 'name'}", () => ({ … }))`;
  throw new GatewiseError(
    'GW_PLUGIN_UNKNOWN',
    `got ${typeof entry === 'string' ? `"${entry}"` : `a ${typeof entry}`} as plugins[${at}], wanted what a plugin's factory returns; ${fix}`,
  );
}
