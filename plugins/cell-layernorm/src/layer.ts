import { didYouMean, GatewiseError } from '@gatewise/core';
import * as tf from '@tensorflow/tfjs-core';
import { initializers, layers, type Shape, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { type LayerNormArgs, lstmLayerNorm } from './lstm-layernorm.js';

type LayerArgs = NonNullable<ConstructorParameters<typeof layers.Layer>[0]>;
type Input = tf.Tensor | SymbolicTensor;

/** What `layerNormLstm` takes. */
export interface LayerNormConfig extends LayerArgs {
  /** H */
  units: number;
  /** y [B,T,H] instead of the final h [B,H]. */
  returnSequences?: boolean;
  /** h and c after the last step too, [B,H] each. */
  returnState?: boolean;
  /** From the last step to the first; y[:, t] still belongs to input step t. */
  reverse?: boolean;
  /** y at masked steps: zeros (default), or the last real one held. */
  padding?: 'zeros' | 'hold';
  /** Where the bias of the gate f starts; 1 by default. */
  forgetBias?: number;
  /** Of the starting weights. */
  seed?: number;
}

const own = ['units', 'returnSequences', 'returnState', 'reverse', 'padding', 'forgetBias', 'seed'];
const general = [
  ...['name', 'trainable', 'inputShape', 'batchInputShape', 'batchSize', 'dtype', 'inputDType', 'weights'],
  'customObjects',
];

/** A layer-normalised LSTM as a tf.layers layer; make one with `layerNormLstm(config)`. */
export class LayerNormLSTM extends layers.Layer {
  static className = 'GatewiseLayerNormLSTM';
  readonly settings: Required<Omit<LayerNormConfig, keyof LayerArgs>>;

  constructor(config: LayerNormConfig) {
    check(config);
    super(Object.fromEntries(Object.entries(config).filter(([name]) => !own.includes(name))));
    this.settings = {
      units: config.units,
      returnSequences: config.returnSequences ?? false,
      returnState: config.returnState ?? false,
      reverse: config.reverse ?? false,
      padding: config.padding ?? 'zeros',
      forgetBias: config.forgetBias ?? 1,
      seed: config.seed ?? 0,
    };
    this.supportsMasking = true;
  }

  override build(inputShape: Shape | Shape[]): void {
    const I = shapesOf(inputShape)[0]?.[2];
    if (typeof I !== 'number') {
      fail('GW_LAYERNORM_SHAPE', `got x [${shapesOf(inputShape)[0]}], wanted [B, T, I] with I known`);
    }
    const { units: H, forgetBias, seed } = this.settings;
    // b_f = forgetBias: remember at first
    const bias = Float32Array.from({ length: 4 * H }, (_, n) => (Math.floor(n / H) === 1 ? forgetBias : 0));
    const [ones, zeros] = [initializers.ones(), initializers.zeros()];
    const start = { apply: () => tf.tensor1d(bias) } as unknown as typeof ones;
    const add = (name: string, shape: number[], initializer: typeof ones) =>
      this.addWeight(name, shape, 'float32', initializer);
    add('kernel', [I as number, 4 * H], initializers.glorotUniform({ seed }));
    add('recurrent_kernel', [H, 4 * H], initializers.glorotUniform({ seed: seed + 1 }));
    add('bias', [4 * H], start);
    add('gain_x', [4 * H], ones);
    add('gain_h', [4 * H], ones);
    add('gain_c', [H], ones);
    add('bias_c', [H], zeros);
    this.built = true;
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape | Shape[] {
    const [B = null, T = null] = shapesOf(inputShape)[0] ?? [];
    const { units, returnSequences } = this.settings;
    return this.#outputs<Shape>(returnSequences ? [B, T, units] : [B, units], [B, units], [B, units]);
  }

  #outputs<V>(y: V, h: V, c: V): V | V[] {
    return this.settings.returnState ? [y, h, c] : y;
  }

  override computeMask(_: tf.Tensor | tf.Tensor[], mask?: tf.Tensor | tf.Tensor[]): tf.Tensor | tf.Tensor[] {
    const none = null as unknown as tf.Tensor;
    const real = (Array.isArray(mask) ? mask[0] : mask) ?? none;
    return this.#outputs(this.settings.returnSequences ? real : none, none, none);
  }

  override apply(inputs: Input | Input[], kwargs: Record<string, unknown> = {}) {
    const { initialState, ...rest } = kwargs;
    const states = (initialState ?? []) as Input[];
    const all = (states.length > 0 ? [inputs, states].flat() : inputs) as tf.Tensor[];
    return super.apply(all, rest);
  }

  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: Record<string, unknown>): tf.Tensor | tf.Tensor[] {
    return tf.tidy(() => {
      this.invokeCallHook(inputs, kwargs);
      const [x, h, c] = [inputs].flat() as [tf.Tensor, ...tf.Tensor[]];
      const mask = [kwargs.mask].flat()[0] as tf.Tensor | undefined;
      const [W, R, b, gx, gh, gc, bc] = this.weights.map((w) => w.read());
      const { reverse, padding, returnSequences } = this.settings;
      const args = { x, W, R, b, gx, gh, gc, bc, reverse, padding } as LayerNormArgs;
      const state0 = h && c ? { state0: { h, c } } : {};
      const { y, final } = lstmLayerNorm({ ...args, ...state0, ...(mask && { mask }) });
      // never the same tensor twice: tf.layers disposes of each output by itself
      return this.#outputs<tf.Tensor>(returnSequences ? y : tf.clone(final.h), final.h, final.c);
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), ...this.settings };
  }
}
tf.serialization.registerClass(LayerNormLSTM);

const shapesOf = (shape: Shape | Shape[]): Shape[] =>
  Array.isArray(shape[0]) ? (shape as Shape[]) : [shape as Shape];

function check(config: LayerNormConfig): void {
  const unknown = Object.keys(config).find((name) => !own.includes(name) && !general.includes(name));
  if (unknown !== undefined) {
    const fix = didYouMean(unknown, own) || `, wanted one of ${own.join(', ')}`;
    fail('GW_LAYERNORM_OPTION', `got the unknown option "${unknown}"${fix}`);
  }
  const { units } = config;
  if (!Number.isInteger(units) || units < 1) {
    fail('GW_LAYERNORM_OPTION', `got units = ${String(units)}, wanted a positive integer`);
  }
}

function fail(code: `GW_LAYERNORM_${string}`, text: string): never {
  throw new GatewiseError(code, `cell "lstm-layernorm": ${text}`);
}

/**
 * `lstmLayerNorm` as a tf.layers layer: x [B,T,I] to y [B,T,H] or the final h [B,H]; initial states are further inputs,
 * `apply([x, h0, c0])`. Masks come from tf.layers. Not fused, as it says once; the other LSTMs are `recurrent`'s.
 * Weights: kernel [I,4H], recurrent_kernel [H,4H], bias [4H] (gates i f g o), gain_x, gain_h [4H], gain_c, bias_c [H].
 * Errors: `GW_LAYERNORM_OPTION`, `GW_LAYERNORM_SHAPE`. Source: Ba, Kiros and Hinton, 2016.
 *
 * @example
 * tf.sequential({ layers: [layerNormLstm({ units: 64, inputShape: [null, 8] }), tf.layers.dense({ units: 2 })] });
 */
export const layerNormLstm = (config: LayerNormConfig): LayerNormLSTM => new LayerNormLSTM(config);
