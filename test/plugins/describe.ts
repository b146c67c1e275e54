import {
  type Hooks,
  hookKinds,
  oneProcess,
  type Plugin,
  type PluginModule,
  systemClock,
  Tokens,
} from '@gatewise/plugin';
import { Container } from 'inversify';

/** What plugins ask of their services while they are made. */
const asked: Readonly<Record<string, unknown>> = {
  Clock: systemClock,
  Communicator: oneProcess,
  Texts: { all: [], add: () => {} },
  Times: { read: () => ({}) },
};

/** The plugin of a module, made with services that are good for nothing else. */
export function pluginOf(module: PluginModule): Plugin {
  const container = new Container();
  for (const [name, token] of Object.entries(Tokens)) {
    if (token !== Tokens.Plugin) container.bind<unknown>(token).toConstantValue(asked[name] ?? {});
  }
  container.load(module);
  return container.get(Tokens.Plugin);
}

export const nameOf = (module: PluginModule): string => pluginOf(module).name;

/** Its hooks, in the order of the contract. */
export const hooksOf = (plugin: Plugin): (keyof Hooks)[] =>
  (Object.keys(hookKinds) as (keyof Hooks)[]).filter((hook) => plugin[hook]);
