import type { Batch, Hooks, Plugin, PluginModule, Trainable } from '@gatewise/plugin';
import { definePlugin, hookKinds } from '@gatewise/plugin';
import * as tf from '@tensorflow/tfjs-core';

/** y = w x + b with a mean squared error: two weights, a few kernels a step. */
export function line(w0 = 0, b0 = 0): Trainable & { readonly weights: { w: tf.Variable; b: tf.Variable } } {
  const w = tf.variable(tf.scalar(w0));
  const b = tf.variable(tf.scalar(b0));
  return {
    name: 'line',
    weights: { w, b },
    loss: ({ x, y }) => tf.mean(tf.square(tf.sub(tf.add(tf.mul(x as tf.Tensor, w), b), y))),
  };
}

/** w and b of a line. */
export const readLine = async (model: ReturnType<typeof line>): Promise<[number, number]> => [
  (await model.weights.w.data())[0] as number,
  (await model.weights.b.data())[0] as number,
];

/** `count` batches of two rows of y = 2x + 1. */
export function points(count: number): () => Generator<Batch> {
  return function* () {
    for (let i = 0; i < count; i++) {
      const x = [i / count, (i + 0.5) / count];
      yield {
        x: tf.tensor2d(x, [2, 1]),
        y: tf.tensor2d(
          x.map((v) => 2 * v + 1),
          [2, 1],
        ),
      };
    }
  };
}

/** A plugin of these hooks. */
export function plugin(name: string, hooks: Omit<Plugin, 'name'>): PluginModule {
  return definePlugin(name, () => hooks)({});
}

/** A plugin that has every hook, changes nothing, and logs `name hook` of each call; `extra` comes after. */
export function recorder(name: string, log: string[], extra: Omit<Plugin, 'name'> = {}): PluginModule {
  const hooks: Record<string, unknown> = {};
  for (const hook of Object.keys(hookKinds) as (keyof Hooks)[]) {
    hooks[hook] = (...args: unknown[]) => {
      log.push(`${name} ${hook}`);
      const result = (extra[hook] as ((...a: unknown[]) => unknown) | undefined)?.(...args);
      return result === undefined && hookKinds[hook] === 'transform' ? args[0] : result;
    };
  }
  const { order } = extra;
  return definePlugin(name, () => ({
    ...(order ? { order } : {}),
    ...(hooks as Partial<Hooks>),
    dispose() {
      log.push(`${name} dispose`);
      return extra.dispose?.();
    },
  }))({});
}

/** The error a promise ends with. */
export async function failure(promise: Promise<unknown>): Promise<Error & { code?: string }> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error('wanted an error, got none');
}
