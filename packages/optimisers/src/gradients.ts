import { GatewiseError } from '@gatewise/core';
import type { NamedTensorMap, Tensor, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { NamedTensor } from './step.js';

/** A weight and its gradient, alike in shape. */
export interface WeightAndGradient {
  readonly w: Variable;
  readonly g: Tensor;
}

/**
 * The weights that the gradients name, as tf.js does: by the names of registered variables; null leaves a weight alone.
 * Errors: `GW_OPTIM_WEIGHT`, `GW_OPTIM_TWICE`, `GW_OPTIM_DISPOSED`, `GW_OPTIM_DTYPE`, `GW_OPTIM_SHAPE`.
 */
export function checkedGradients(gradients: NamedTensorMap | NamedTensor[]): WeightAndGradient[] {
  const named: [string, Tensor | null][] = Array.isArray(gradients)
    ? gradients.map(({ name, tensor }) => [name, tensor])
    : Object.entries(gradients);
  const seen = new Set<string>();
  return named.flatMap(([name, g]) => {
    if (g === null || g === undefined) return [];
    if (seen.has(name)) refuse('TWICE', `got two gradients of "${name}", wanted one; add them first`);
    seen.add(name);
    return [checked(name, weightNamed(name), g)];
  });
}

function weightNamed(name: string): Variable {
  const w = tf.engine().registeredVariables[name];
  if (w && !w.isDisposed) return w;
  return refuse(
    'WEIGHT',
    `got a gradient of "${name}", which is no variable that lives; give gradients by the variables' names, and build the model anew where it was disposed of`,
  );
}

function checked(name: string, w: Variable, g: Tensor): WeightAndGradient {
  if (!(g instanceof tf.Tensor))
    refuse('GRADIENT', `got a ${typeof g} as gradient of "${name}", wanted a tensor`);
  if (g.isDisposed) {
    refuse(
      'DISPOSED',
      `got a disposed gradient of "${name}", wanted one that lives; apply it before disposing of it`,
    );
  }
  if (g.dtype !== 'float32' || w.dtype !== 'float32') {
    refuse(
      'DTYPE',
      `got ${w.dtype} "${name}" and its gradient ${g.dtype}, wanted float32; freeze weights that are not`,
    );
  }
  if (!tf.util.arraysEqual(g.shape, w.shape)) {
    refuse(
      'SHAPE',
      `got a gradient [${g.shape}] of "${name}", wanted the weight's shape [${w.shape}]; sum it over what was broadcast`,
    );
  }
  return { w, g };
}

function refuse(what: string, message: string): never {
  throw new GatewiseError(`GW_OPTIM_${what}`, message);
}
