import type { Stateful } from '@gatewise/layers';
import * as tf from '@tensorflow/tfjs-core';
import type { layers } from '@tensorflow/tfjs-layers';
import type { Memory } from './attention-layer.js';
import { checkConfig, type Seq2SeqConfig } from './config.js';
import { bridgeOf, crossBridge, dense, embedding } from './parts.js';

/** What the decoder knows of the source. */
export interface Encoded {
  /** What attention asks; absent where there is none. */
  readonly memory: Memory | undefined;
  /** The states that the decoder starts from, [B,H] each. */
  readonly states: readonly tf.Tensor[];
}

/** Encoder and decoder with all that joins them; make one with `seq2seq(config)`. */
export class Seq2Seq {
  readonly name: string;
  /** Its layers by role. */
  readonly parts: Readonly<Record<string, layers.Layer>>;
  readonly #bridge: readonly layers.Layer[];

  constructor(readonly config: Seq2SeqConfig) {
    checkConfig(config);
    const { encoder, decoder, source, target, attention, seed = 0 } = config;
    this.name = config.name ?? 'seq2seq';
    this.#bridge = bridgeOf(encoder, decoder, seed);
    const { width } = target;
    this.parts = {
      ...(source && 'symbols' in source
        ? { source: embedding('source', source.symbols, source.width, seed) }
        : {}),
      encoder,
      ...Object.fromEntries(this.#bridge.map((layer, k) => [`bridge/${k}`, layer])),
      ...(width ? { target: embedding('target', target.symbols, width, seed) } : {}),
      decoder,
      ...(attention ? { attention, combine: dense('combine', widthOf(decoder), seed, 'tanh') } : {}),
      head: dense('head', target.symbols, seed, 'linear'),
    };
    tf.tidy(() => this.#build());
  }

  /** One step of each makes every weight. */
  #build(): void {
    const { source, attention } = this.config;
    const ids = tf.zeros([1, 1], 'int32');
    const x = source && 'features' in source ? tf.zeros([1, 1, source.features]) : ids;
    const { y } = this.#read(x, undefined);
    attention?.apply([tf.zeros([1, 1, widthOf(this.config.decoder)]), y]);
    this.decode(ids, this.encode(x));
  }

  /** Trainable weights by role and name, such as `encoder/kernel`. */
  get weights(): Readonly<Record<string, tf.Variable>> {
    return Object.fromEntries(
      Object.entries(this.parts).flatMap(([role, layer]) =>
        layer.trainableWeights.map((w) => {
          // a layer's own names come after the layer's, which counts through the life of the process
          const own = w.originalName.split('/').slice(1).join('/') || w.originalName;
          return [`${role}/${own}`, w.read() as tf.Variable];
        }),
      ),
    );
  }

  /** Reads sources, in one fused sequence a direction. Inside a tidy. Errors: `GW_LAYER_SHAPE`. */
  encode(
    x: tf.Tensor, // ids [B,S], or [B,S,I]
    mask?: tf.Tensor, // [B,S], 1 at real places
  ): Encoded {
    const { y, finals } = this.#read(x, mask);
    return {
      memory: this.config.attention?.ready(y, mask),
      states: crossBridge(this.#bridge, finals),
    };
  }

  #read(x: tf.Tensor, mask: tf.Tensor | undefined): { y: tf.Tensor3D; finals: readonly tf.Tensor[] } {
    const { encoder } = this.config;
    const { source } = this.parts;
    const ids = mask && x.rank === 2 ? tf.where(mask, x, tf.zerosLike(x)) : x;
    const ran = encoder.sequence(source ? (source.apply(ids) as tf.Tensor) : ids, [], mask);
    return { y: (ran.y.length > 1 ? tf.concat(ran.y, 2) : ran.y[0]!) as tf.Tensor3D, finals: ran.finals };
  }

  /** Logits [B,T,V] of the symbols after each of some that are known: one fused sequence. Inside a tidy. */
  decode(
    ids: tf.Tensor, // [B,T]
    encoded: Encoded,
  ): tf.Tensor3D {
    const { y } = this.config.decoder.sequence(this.embed(ids), encoded.states);
    return this.write(y[0] as tf.Tensor3D, encoded.memory).logits;
  }

  /** What the decoder reads for ids [B,T]. */
  embed(ids: tf.Tensor): tf.Tensor {
    const { target } = this.parts;
    return target ? (target.apply(ids) as tf.Tensor) : ids;
  }

  /**
   * Logits [B,T,V] of the decoder's outputs h [B,T,H], and where attention looked.
   *
   *     c_t = attention(h_t),   h̃_t = tanh([c_t; h_t] W + b),   z_t = h̃_t V + b
   *
   * No c_t goes into the recurrence (no input feeding), so any number of steps is one fused sequence
   * (Luong, Pham and Manning, 2015). Inside a tidy.
   */
  write(h: tf.Tensor3D, memory: Memory | undefined): { logits: tf.Tensor3D; alignment?: tf.Tensor3D } {
    const { combine, head } = this.parts;
    if (!memory) return { logits: head!.apply(h) as tf.Tensor3D };
    const { context, alignment } = this.config.attention!.ask(h, memory);
    const joined = combine!.apply(tf.concat([context, h], 2)) as tf.Tensor;
    return { logits: head!.apply(joined) as tf.Tensor3D, alignment };
  }

  /** Disposes of all weights, those of the layers that were given too. */
  dispose(): void {
    for (const layer of Object.values(this.parts)) layer.dispose();
  }
}

/** Of the outputs of a layer. */
function widthOf(layer: Stateful): number {
  const { settings } = layer;
  return 'levels' in settings ? settings.levels.at(-1)!.width : settings.units;
}

/**
 * An encoder and a decoder over any cells, with attention or without. Train it through `teacherForcing`; then `greedy`,
 * `sample` and `beam` write targets. Where the encoder's states do not fit the decoder, a dense layer makes the decoder's.
 * Errors: `GW_SEQ2SEQ_CONFIG`, `GW_LAYER_…`, `GW_ATTENTION_…`.
 *
 * @example
 * const model = seq2seq({
 *   encoder: bidirectional({ cell: 'gru', units: 64 }),
 *   decoder: gru({ units: 64 }),
 *   source: { symbols: 28, width: 32 },
 *   target: { symbols: 40, width: 32, end: 0 },
 *   attention: generalAttention(),
 * });
 */
export const seq2seq = (config: Seq2SeqConfig): Seq2Seq => new Seq2Seq(config);
