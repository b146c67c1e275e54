import { GatewiseError } from '@gatewise/core';
import type { Gradients, Providers, Transforms } from '@gatewise/plugin';
import * as tf from '@tensorflow/tfjs-core';

type Check = (result: unknown, given: unknown, fail: (got: string, wanted: string) => never) => void;

/** Checks what a transform hook gave back. Errors: `GW_PLUGIN_RESULT`, naming plugin, hook and weight. */
export function checkTransformed(
  plugin: string,
  hook: keyof Transforms,
  result: unknown,
  given: unknown,
): void {
  checks[hook](result, given, (got, wanted) => refuse(plugin, hook, got, wanted));
}

/** Refuses promises: transforms and provides are synchronous. Errors: `GW_PLUGIN_RESULT`. */
export function checkSynchronous(plugin: string, hook: string, result: unknown): void {
  if (typeof (result as PromiseLike<unknown> | undefined)?.then === 'function') {
    // Its own failure, if any, must not end the process while ours is on its way.
    Promise.resolve(result).catch(() => undefined);
    refuse(
      plugin,
      hook,
      'a promise',
      'a plain result; drop async, or do the work in onBatchBegin or beforeUpdate',
    );
  }
}

/** Errors: `GW_PLUGIN_RESULT` for a rate that is no number ≥ 0, a penalty that is no scalar. */
export function checkProvided(plugin: string, hook: keyof Providers, answer: unknown): void {
  if (hook === 'provideLearningRate') {
    const fits = typeof answer === 'number' && Number.isFinite(answer) && answer >= 0;
    if (!fits) refuse(plugin, hook, String(answer), 'a finite number ≥ 0, or undefined to leave it alone');
  }
  if (hook === 'providePenalty' && !(answer instanceof tf.Tensor && answer.rank === 0)) {
    const got = answer instanceof tf.Tensor ? `a tensor [${answer.shape}]` : `a ${typeof answer}`;
    refuse(plugin, hook, got, 'a scalar tensor, or undefined for none');
  }
}

function refuse(plugin: string, hook: string, got: string, wanted: string): never {
  throw new GatewiseError('GW_PLUGIN_RESULT', `plugin "${plugin}", ${hook}: got ${got}, wanted ${wanted}`);
}

const nothing = (result: unknown) => result === undefined || result === null;

const checks: Record<keyof Transforms, Check> = {
  transformBatch(result, _, fail) {
    if (nothing(result)) fail('nothing', 'a batch; return the batch itself to leave it as it is');
    const { x, y } = result as { x?: unknown; y?: unknown };
    const tensors = [...(Array.isArray(x) ? x : [x]), y];
    if (!tensors.every((t) => t instanceof tf.Tensor)) fail('no tensors in x or y', '{ x, y } of tensors');
    if (tensors.some((t) => (t as tf.Tensor).isDisposed))
      fail('a disposed tensor', 'tensors that live; do not dispose of them');
  },
  transformLoss(result, _, fail) {
    if (nothing(result)) fail('nothing', 'a scalar; return the loss itself to leave it as it is');
    if (!(result instanceof tf.Tensor)) fail(`a ${typeof result}`, 'a scalar tensor');
    const { shape } = result as tf.Tensor;
    if (shape.length !== 0) fail(`a tensor [${shape}]`, 'a scalar; take its mean or sum');
  },
  transformGradients(result, given, fail) {
    if (result === undefined) fail('nothing', 'the gradients, or null to skip this update');
    if (result === null || result === 'later') return;
    checkGradients(result as Gradients, given as Gradients, fail);
  },
};

function checkGradients(
  result: Gradients,
  given: Gradients,
  fail: (got: string, wanted: string) => never,
): void {
  for (const [name, before] of Object.entries(given)) {
    const after = result[name];
    if (!(after instanceof tf.Tensor))
      fail(`no gradient of "${name}"`, 'one for every weight; use zeros to leave it alone');
    if (after?.isDisposed)
      fail(`a disposed gradient of "${name}"`, 'tensors that live; do not dispose of them');
    if (!tf.util.arraysEqual(after?.shape ?? [], before.shape)) {
      fail(`a gradient [${after?.shape}] of "${name}"`, `its weight's shape [${before.shape}]`);
    }
  }
  const extra = Object.keys(result).find((name) => !Object.hasOwn(given, name));
  if (extra !== undefined) fail(`a gradient of "${extra}"`, `no names but ${Object.keys(given).join(', ')}`);
}
