/** What tf.layers keeps private or types too narrowly: every cast that meets it is here. */
import { clone, type Tensor, tensor } from '@tensorflow/tfjs-core';
import type { initializers, layers, Shape, SymbolicTensor } from '@tensorflow/tfjs-layers';

/** Options of every tf.layers layer: name, trainable, inputShape, … */
export type LayerArgs = NonNullable<ConstructorParameters<typeof layers.Layer>[0]>;
export const layerArgNames: readonly (keyof LayerArgs)[] = [
  'name',
  'trainable',
  'inputShape',
  'batchInputShape',
  'batchSize',
  'dtype',
  'inputDType',
  'weights',
];
export type Kwargs = Record<string, unknown>;
export type Input = Tensor | SymbolicTensor;
type Initializer = ReturnType<typeof initializers.zeros>;

/** A tf.layers initialiser that computes its values only when tf.layers asks: a model being loaded does not. */
export function lazyInitializer(values: () => Float32Array): Initializer {
  const made: Pick<Initializer, 'apply'> = { apply: (shape) => tensor(values(), shape as number[]) };
  return made as Initializer;
}

/** One or a list, as a list. */
export function toList<T>(one: T | T[] | undefined): T[] {
  return one === undefined ? [] : Array.isArray(one) ? one : [one];
}

/** The shapes of all inputs: tf.layers gives one shape, or a list of them. */
export function shapesOf(shape: Shape | Shape[]): Shape[] {
  return Array.isArray(shape[0]) ? (shape as Shape[]) : [shape as Shape];
}

/** Never the same tensor twice: tf.layers disposes of each output by itself. */
export function distinct(tensors: readonly Tensor[]): Tensor[] {
  return tensors.map((t, k) => (tensors.indexOf(t) < k ? clone(t) : t));
}
