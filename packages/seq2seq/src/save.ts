import { GatewiseError } from '@gatewise/core';
import { RecurrentLayer, StackLayer, type Stateful } from '@gatewise/layers';
import * as tf from '@tensorflow/tfjs-core';
import type { layers } from '@tensorflow/tfjs-layers';
import { AttentionLayer } from './attention-layer.js';
import type { Seq2SeqConfig } from './config.js';
import { Seq2Seq } from './model.js';

const FORMAT = 'gatewise-seq2seq';
type Config = tf.serialization.ConfigDict;
interface SavedLayer {
  readonly className: string;
  readonly config: Config;
}
/** Config of a model as JSON. */
interface Saved extends Omit<Seq2SeqConfig, 'encoder' | 'decoder' | 'attention'> {
  readonly format: typeof FORMAT;
  readonly encoder: SavedLayer;
  readonly decoder: SavedLayer;
  readonly attention?: SavedLayer;
}

const saveLayer = (layer: layers.Layer): SavedLayer => ({
  className: layer.getClassName(),
  config: layer.getConfig(),
});

/** What a model is made of, as JSON: all but its weights. */
export function topologyOf({ config }: Seq2Seq): Saved {
  const { encoder, decoder, attention, ...plain } = config;
  return {
    ...plain,
    format: FORMAT,
    encoder: saveLayer(encoder),
    decoder: saveLayer(decoder),
    ...(attention ? { attention: saveLayer(attention) } : {}),
  };
}

/**
 * Writes config and weights by name; `loadSeq2Seq` reads them. Errors: `GW_SEQ2SEQ_SAVED`.
 *
 * @example await saveSeq2Seq(model, modelFolder('runs/spelling/model')); // of @gatewise/plugin-checkpoint
 */
export async function saveSeq2Seq(model: Seq2Seq, handler: tf.io.IOHandler): Promise<tf.io.SaveResult> {
  if (!handler.save) fail('a handler that cannot save');
  const { data, specs } = await tf.io.encodeWeights(model.weights as Record<string, tf.Tensor>);
  return handler.save!({
    ...{ modelTopology: topologyOf(model), format: FORMAT, generatedBy: 'Gatewise' },
    ...{ weightSpecs: specs, weightData: data },
  });
}

/**
 * The model that `saveSeq2Seq` or a checkpoint wrote. Cells that are not Gatewise's own must be registered before.
 * Errors: `GW_SEQ2SEQ_SAVED`, `GW_SEQ2SEQ_WEIGHTS`, `GW_LAYER_CELL_UNKNOWN`, `GW_LAYER_CELL_CHANGED`.
 *
 * @example
 * const model = await loadSeq2Seq(modelFolder('runs/spelling/model'));
 * const best = await loadSeq2Seq(checkpointModel('runs/spelling', 'best'));
 */
export async function loadSeq2Seq(handler: tf.io.IOHandler): Promise<Seq2Seq> {
  if (!handler.load) fail('a handler that cannot load');
  const { modelTopology, weightSpecs, weightData } = await handler.load!();
  const { format, encoder, decoder, attention, ...plain } = (modelTopology ?? {}) as unknown as Saved;
  if (format !== FORMAT || !weightSpecs || !weightData) fail(`a model of the format "${String(format)}"`);
  const model = new Seq2Seq({
    ...plain,
    encoder: loadRecurrent(encoder),
    decoder: loadRecurrent(decoder),
    ...(attention ? { attention: loadLayer(AttentionLayer, attention) } : {}),
  });
  const named = tf.io.decodeWeights(weightData!, weightSpecs!);
  try {
    setWeights(model, named);
  } catch (error) {
    model.dispose();
    throw error;
  } finally {
    tf.dispose(named);
  }
  return model;
}

function loadRecurrent(saved: SavedLayer): Stateful {
  return saved.className === StackLayer.className
    ? loadLayer(StackLayer, saved)
    : loadLayer(RecurrentLayer, saved);
}

/** A layer's class, as tf.js types what it makes of a config. */
interface LayerClass<T extends tf.serialization.Serializable>
  extends tf.serialization.SerializableConstructor<T> {
  fromConfig<S extends tf.serialization.Serializable>(
    cls: tf.serialization.SerializableConstructor<S>,
    config: Config,
  ): S;
}

function loadLayer<T extends tf.serialization.Serializable>(
  cls: LayerClass<T>,
  { className, config }: SavedLayer,
): T {
  return className === cls.className
    ? cls.fromConfig<T>(cls, config)
    : fail(`a layer of the class "${className}"`);
}

/** Sets all weights by name. Errors: `GW_SEQ2SEQ_WEIGHTS`. */
export function setWeights(model: Seq2Seq, named: Readonly<Record<string, tf.Tensor>>): void {
  const { weights } = model;
  const odd = [...new Set([...Object.keys(weights), ...Object.keys(named)])].find(
    (name) => !tf.util.arraysEqual(weights[name]?.shape ?? [-1], named[name]?.shape ?? [-1]),
  );
  if (odd !== undefined) {
    const show = (t: tf.Tensor | undefined) => (t ? `[${t.shape}]` : 'none');
    throw new GatewiseError(
      'GW_SEQ2SEQ_WEIGHTS',
      `got ${show(named[odd])} for the weight ${odd}, wanted ${show(weights[odd])}; are they of a model of another config?`,
    );
  }
  for (const [name, weight] of Object.entries(weights)) weight.assign(named[name]!);
}

function fail(got: string): never {
  throw new GatewiseError('GW_SEQ2SEQ_SAVED', `got ${got}, wanted what saveSeq2Seq(model, handler) wrote`);
}
