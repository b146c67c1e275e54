import type { AnyCell } from '@gatewise/core';
import { GatewiseError } from '@gatewise/core';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel, layers } from '@tensorflow/tfjs-layers';
import { type LayerConfig, replacementOf } from './layer.js';
import { ourWeights, type Swap } from './weights.js';

export interface DropInOptions {
  /** Cells besides the registered ones, such as those with hard sigmoid gates, which tf.layers has by default. */
  readonly cells?: readonly AnyCell[];
  /** Names of layers that stay as they are. */
  readonly leave?: readonly string[];
}

/**
 * A copy of a model with the recurrent layers of tf.layers swapped for fused ones: the same names, weights (gates in our
 * order), outputs and gradients; of nested models too. The given model stays as it is; compile the copy anew. Masks of
 * dropout are drawn by our rules: on x a new one every step.
 *
 * Layers with what ours cannot represent are refused by name. Errors: `GW_DROPIN_OPTION` (stateful, goBackwards with
 * returnSequences, regularizers, constraints), `GW_DROPIN_CELL` (activations that no cell computes), `GW_DROPIN_WRAPPER`,
 * `GW_DROPIN_MODEL`.
 *
 * @example
 * import { gruHardSigmoid, lstmHardSigmoid } from '@gatewise/cell-hard-sigmoid';
 * const fast = dropIn(model, { cells: [lstmHardSigmoid, gruHardSigmoid] });
 */
export function dropIn<M extends LayersModel>(model: M, options: DropInOptions = {}): M {
  if (!model?.layers?.length) {
    throw new GatewiseError(
      'GW_DROPIN_MODEL',
      'got a model without layers, wanted a tf.layers model that has some',
    );
  }
  const swaps = new Map<string, readonly Swap[]>();
  const config = model.getConfig() as unknown as ModelConfig;
  const copy = fromConfig(model, swapLayers(config, options, swaps, ''));
  carryWeights(model, copy, swaps, '');
  return copy;
}

interface ModelConfig {
  readonly layers: readonly LayerConfig[];
}
const isModel = (config: object): config is ModelConfig => 'layers' in config;

/** A config with its recurrent layers swapped; `swaps` takes note of them by their path. */
function swapLayers(
  config: ModelConfig,
  options: DropInOptions,
  swaps: Map<string, readonly Swap[]>,
  within: string,
): ModelConfig {
  const swapped = config.layers.map((layer) => {
    const name = String(layer.config.name);
    if (options.leave?.includes(name)) return layer;
    const path = `${within}/${name}`;
    if (isModel(layer.config)) return { ...layer, config: swapLayers(layer.config, options, swaps, path) };
    const replacement = replacementOf(layer, options.cells ?? []);
    if (!replacement) return layer;
    swaps.set(path, replacement.swaps);
    return replacement.layer;
  });
  return { ...config, layers: swapped } as ModelConfig;
}

/** tf.layers knows how to make a model of its class again. */
function fromConfig<M extends LayersModel>(model: M, config: ModelConfig): M {
  const kind = model.constructor as unknown as { fromConfig(cls: unknown, config: ModelConfig): M };
  return kind.fromConfig(kind, config);
}

function carryWeights(
  from: LayersModel,
  to: LayersModel,
  swaps: ReadonlyMap<string, readonly Swap[]>,
  within: string,
): void {
  for (const layer of from.layers) {
    const path = `${within}/${layer.name}`;
    const target = to.getLayer(layer.name);
    const inner = layer as Partial<LayersModel> & layers.Layer;
    if (inner.layers) {
      carryWeights(layer as unknown as LayersModel, target as unknown as LayersModel, swaps, path);
      continue;
    }
    const own = swaps.get(path);
    tf.tidy(() => target.setWeights(own ? ourWeights(own, layer.getWeights()) : layer.getWeights()));
  }
}
