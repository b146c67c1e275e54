import type { RecurrentConfig } from './config.js';
import { RecurrentLayer } from './recurrent-layer.js';

/**
 * Any cell as a tf.layers layer: x [B,T,I], or int32 ids [B,T] with `inputDim`, to y [B,T,H] or the final h [B,H].
 * Weights, in the order of `getWeights()`: kernel W [I, (gates that read x)·H], recurrent_kernel R
 * [H, (gates that read h)·H], bias b [gates·H], then the cell's vectors [H] by name. Initial states are further inputs,
 * `apply([x, h0, c0])` or `apply(x, { initialState: [h0, c0] })`, in the order of `cell.state`, as are the returned ones.
 * Masks, [B,T], come from tf.layers (Masking, Embedding({ maskZero }), `withLengths`) or as `apply(x, { mask })`, lengths
 * as `apply(x, { lengths })`.
 * Errors: `GW_LAYER_OPTION`, `GW_LAYER_UNITS`, `GW_LAYER_RATE`, `GW_LAYER_INITIALISER`, `GW_LAYER_CELL_UNKNOWN`;
 * in use `GW_LAYER_SHAPE`, `GW_LAYER_IDS`.
 *
 * @example
 * const model = tf.sequential({ layers: [
 *   recurrent({ cell: 'lstm', units: 64, inputShape: [null, 8], returnSequences: true }),
 *   tf.layers.dense({ units: 4, activation: 'softmax' }),
 * ] });
 */
export function recurrent(config: RecurrentConfig): RecurrentLayer {
  return new RecurrentLayer(config);
}

export type NamedConfig = Omit<RecurrentConfig, 'cell'>;
const named = (cell: string) => (config: NamedConfig) => recurrent({ ...config, cell });

/** `recurrent` with the vanilla RNN: h_t = tanh(a_t). */
export const vanilla = named('vanilla');
/** `recurrent` with the ungated additive cell: c_t = c_{t-1} + tanh(a_t), h_t = tanh(c_t). */
export const additive = named('additive');
/** `recurrent` with the original LSTM: input and output gates, no forget gate (Hochreiter and Schmidhuber, 1997). */
export const lstmOriginal = named('lstm-original');
/** `recurrent` with the LSTM that has a forget gate (Gers, Schmidhuber and Cummins, 2000). */
export const lstm = named('lstm');
/** `recurrent` with the GRU that resets before the product (Cho et al., 2014). */
export const gru = named('gru');
/** `recurrent` with the GRU that resets after the product: what Keras, PyTorch and cuDNN compute. */
export const gruResetAfter = named('gru-reset-after');
