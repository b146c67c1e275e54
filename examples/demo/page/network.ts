import { GatewiseError } from '@gatewise/core';
import { type Vocabulary, vocabularyOf } from '@gatewise/data';
import { RecurrentLayer } from '@gatewise/layers';
import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, loadLayersModel } from '@tensorflow/tfjs-layers';

/** A character model on the host: it can be brought to any backend. */
export interface SavedNetwork {
  readonly title: string;
  readonly artifacts: tf.io.ModelArtifacts;
  readonly symbols: readonly string[];
  readonly unknown?: string;
}

/** The same on the backend in use: a recurrent layer of H units over ids, and its head of V logits. */
export interface Network {
  readonly layer: RecurrentLayer;
  readonly vocabulary: Vocabulary;
  /** h [B,H] to logits [B,V]. */
  logits(h: tf.Tensor): tf.Tensor;
}

/** The quickstart's model, which lies beside the page. */
export async function fetchQuickstart(folder: string): Promise<SavedNetwork> {
  const [artifacts, words] = await Promise.all([
    tf.io.http(`${folder}model.json`).load!(),
    fetch(`${folder}vocabulary.json`),
  ]);
  const { symbols, unknown } = (await words.json()) as { symbols: string[]; unknown: string };
  return { title: 'Moby Dick (the quickstart’s model)', artifacts, symbols, unknown };
}

/** Errors: `GW_DEMO_MODEL`. */
export async function openNetwork({
  artifacts,
  symbols,
  unknown,
}: SavedNetwork): Promise<Network & { dispose(): void }> {
  const model = await loadLayersModel(tf.io.fromMemory(artifacts));
  return {
    ...partsOf(model),
    vocabulary: vocabularyOf(symbols, unknown),
    dispose: () => void model.dispose(),
  };
}

/** Errors: `GW_DEMO_MODEL`. */
export function partsOf(model: LayersModel): Pick<Network, 'layer' | 'logits'> {
  const layer = model.layers.find((one) => one instanceof RecurrentLayer);
  const head = model.layers.find((one) => one.getClassName() === 'Dense');
  if (layer && head) return { layer, logits: (h) => head.apply(h) as tf.Tensor };
  throw new GatewiseError(
    'GW_DEMO_MODEL',
    `got a model of ${model.layers.map((one) => one.getClassName()).join(', ')}, wanted a recurrent layer of gatewise and a dense head`,
  );
}
