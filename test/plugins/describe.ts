import { random } from '@gatewise/core';
import {
  type Hooks,
  hookKinds,
  memoryStore,
  type Plugin,
  type PluginModule,
  systemClock,
  Tokens,
} from '@gatewise/plugin';
import { Container } from 'inversify';

/** The plugin of a module, made with services that do nothing. */
export function pluginOf(module: PluginModule): Plugin {
  const container = new Container();
  const services = [
    [Tokens.Model, { name: 'none', weights: {}, loss: () => undefined }],
    [Tokens.Optimizer, {}],
    [Tokens.RunState, { save: async () => ({}), restore: async () => {} }],
    [Tokens.Store, memoryStore()],
    [Tokens.Clock, systemClock],
    [Tokens.Logger, { info: () => {}, warn: () => {} }],
    [Tokens.Random, random(0)],
    [Tokens.RunInfo, () => ({})],
    [Tokens.Times, { read: () => ({}) }],
    [Tokens.Texts, { all: [], add: () => {} }],
  ] as const;
  for (const [token, service] of services) container.bind<unknown>(token).toConstantValue(service);
  container.load(module);
  return container.get(Tokens.Plugin);
}

export const nameOf = (module: PluginModule): string => pluginOf(module).name;

/** Its hooks, in the order of the contract. */
export const hooksOf = (plugin: Plugin): (keyof Hooks)[] =>
  (Object.keys(hookKinds) as (keyof Hooks)[]).filter((hook) => plugin[hook]);
