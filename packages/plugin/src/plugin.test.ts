import { GatewiseError } from '@gatewise/core';
import { Container, type ServiceIdentifier } from 'inversify';
import { describe, expect, it } from 'vitest';
import { definePlugin, hookKinds, type Plugin, PluginError, type PluginModule, Tokens } from './index.js';

const resolve = (...modules: PluginModule[]) => {
  const container = new Container();
  container.load(...modules);
  return container.getAll(Tokens.Plugin);
};
const thrown = (body: () => unknown): unknown => {
  try {
    body();
  } catch (error) {
    return error;
  }
  return undefined;
};

describe('definePlugin', () => {
  it('gives a factory whose modules bind named plugins, in order', () => {
    const tag = definePlugin('tag', ({ by }: { by: string }) => ({ order: 'pre', saveState: () => by }));
    const other = definePlugin('other', () => ({}));
    const plugins = resolve(tag({ by: 'a' }), other({}));
    expect(plugins.map((p) => p.name)).toEqual(['tag', 'other']);
    expect(plugins[0]?.order).toBe('pre');
    expect(plugins[0]?.saveState?.()).toBe('a');
  });

  it('makes one instance a container, and a new one for the next', () => {
    const module = definePlugin('one', () => ({}))({});
    const container = new Container();
    container.load(module);
    expect(container.getAll(Tokens.Plugin)[0]).toBe(container.getAll(Tokens.Plugin)[0]);
    expect(resolve(module)[0]).not.toBe(container.getAll(Tokens.Plugin)[0]);
  });

  it('injects services of a parent container', () => {
    const Clock = Symbol('Clock') as ServiceIdentifier<{ now(): number }>;
    const timer = definePlugin(
      'timer',
      (_: object, clock: { now(): number }) => ({ saveState: () => clock.now() }),
      [Clock],
    );
    const parent = new Container();
    parent.bind(Clock).toConstantValue({ now: () => 42 });
    const child = new Container({ parent });
    child.load(timer({}));
    expect(child.getAll(Tokens.Plugin)[0]?.saveState?.()).toBe(42);
  });

  it('keeps the object itself: `this`, private fields and classes work', () => {
    class Counter implements Omit<Plugin, 'name'> {
      #count = 0;
      onBatchEnd() {
        this.#count++;
      }
      saveState() {
        return this.#count;
      }
    }
    const [plugin] = resolve(definePlugin('counter', () => new Counter())({}));
    plugin?.onBatchEnd?.({} as never);
    expect([plugin?.name, plugin?.saveState?.()]).toEqual(['counter', 1]);
    expect(resolve(definePlugin('frozen', () => Object.freeze({}))({}))[0]?.name).toBe('frozen');
  });

  it('refuses names that are not lower-case words', () => {
    expect(thrown(() => definePlugin('My Plugin', () => ({})))).toMatchObject({ code: 'GW_PLUGIN_NAME' });
  });

  it('refuses a factory that gives no object', () => {
    for (const result of [undefined, 3, Promise.resolve({})]) {
      const error = thrown(() => resolve(definePlugin('odd', () => result as never)({})));
      expect(error).toMatchObject({ code: 'GW_PLUGIN_RESULT', message: expect.stringContaining('"odd"') });
    }
  });

  it('lets coded errors about options through and names the plugin in all others', () => {
    const coded = new GatewiseError('GW_CLIP_NORM', 'got −1');
    const fail = (error: Error) =>
      thrown(() =>
        resolve(
          definePlugin('bad', () => {
            throw error;
          })({}),
        ),
      );
    expect(fail(coded)).toBe(coded);
    expect(fail(new Error('boom'))).toMatchObject({
      plugin: 'bad',
      hook: 'create',
      cause: { message: 'boom' },
    });
  });
});

describe('PluginError', () => {
  it('names plugin, hook and cause', () => {
    const cause = new Error('boom');
    const error = new PluginError('clip', 'transformGradients', cause);
    expect(error.code).toBe('GW_PLUGIN_HOOK');
    expect(error.cause).toBe(cause);
    expect(error.message).toBe('GW_PLUGIN_HOOK: plugin "clip" failed in transformGradients: boom');
    expect(new PluginError('clip', 'onTrainEnd', 'text').message).toContain('text');
  });
});

describe('hookKinds', () => {
  it('tells the kind by the name', () => {
    const kinds = { on: 'observe', be: 'observe', tr: 'transform', pr: 'provide' } as Record<string, string>;
    for (const [hook, kind] of Object.entries(hookKinds)) expect(kinds[hook.slice(0, 2)]).toBe(kind);
  });
});
