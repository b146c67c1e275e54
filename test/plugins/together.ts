import { lstm } from '@gatewise/layers';
import { adam } from '@gatewise/optimisers';
import {
  type Batch,
  definePlugin,
  type Hooks,
  hookKinds,
  type Logger,
  type Plugin,
  type PluginModule,
  Tokens,
} from '@gatewise/plugin';
import { train } from '@gatewise/trainer';
import * as tf from '@tensorflow/tfjs-core';
import { initializers, layers, sequential } from '@tensorflow/tfjs-layers';
import { Container, ContainerModule } from 'inversify';
import { plugins } from './all.js';
import { pluginOf } from './describe.js';

/** One of each name: of the learning rate's schedules a run takes one. */
export const together = () => {
  const seen = new Set<string>();
  return plugins.filter(({ make }) => {
    const { name } = pluginOf(make());
    return !seen.has(name) && seen.add(name);
  });
};

/** Calls `seen` at each call of a hook, before it. */
function spy(seen: (plugin: Plugin, hook: keyof Hooks) => void): PluginModule {
  return new ContainerModule(({ onActivation }) => {
    onActivation(Tokens.Plugin, (_, plugin) => {
      const hooks = plugin as unknown as Record<string, ((...args: unknown[]) => unknown) | undefined>;
      for (const hook of Object.keys(hookKinds) as (keyof Hooks)[]) {
        const own = hooks[hook];
        if (!own) continue;
        hooks[hook] = (...args) => {
          seen(plugin, hook);
          return own.apply(plugin, args);
        };
      }
      return plugin;
    });
  });
}

/** A tiny run with all plugins; `onStep` sees the start of each step, before any of them. */
export async function runTogether(
  size: { readonly epochs: number; readonly steps: number },
  { seen = () => {}, onStep = () => {} }: { seen?: Parameters<typeof spy>[0]; onStep?: () => void },
) {
  const model = sequential({
    layers: [
      lstm({ units: 2, inputShape: [3, 2], returnSequences: true, seed: 1, name: 'memory' }),
      layers.dense({ units: 1, name: 'head', kernelInitializer: initializers.glorotUniform({ seed: 1 }) }),
    ],
  });
  const batch = (n: number): Batch => ({
    x: tf.tensor3d(
      Float32Array.from({ length: 6 }, (_, i) => Math.sin(i + n)),
      [1, 3, 2],
    ),
    y: tf.zeros([1, 3, 1]),
  });
  const optimizer = adam();
  const container = new Container();
  const silent: Logger = { info: () => {}, warn: () => {} };
  container.bind(Tokens.Logger).toConstantValue(silent);
  const watch = definePlugin('watch', () => ({ order: 'pre' as const, onBatchBegin: onStep }));
  function* batches() {
    for (let n = 0; n < size.steps; n++) yield batch(n);
  }
  const result = await train(model, batches, {
    ...{ loss: 'meanSquaredError', epochs: size.epochs, optimizer, container, seed: 1 },
    validation: () => [batch(99)],
    plugins: [watch({}), spy(seen), ...together().map(({ make }) => make())],
  });
  optimizer.dispose();
  tf.dispose(model.weights.map((w) => w.read()));
  return result;
}
