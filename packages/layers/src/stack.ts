import {
  type LevelConfig,
  type Merge,
  outerNames,
  type StackConfig,
  type StackOptions,
} from './stack-config.js';
import { StackLayer } from './stack-layer.js';

export type BidirectionalConfig = LevelConfig & StackOptions;
/** `depth` levels that are all alike; level 0 alone has `inputDim`. */
export type DeepConfig = LevelConfig & StackOptions & { readonly depth: number };

/** What belongs to the whole stack, and what to a level. */
function divide<C extends LevelConfig & StackOptions>(config: C): [StackOptions, LevelConfig] {
  const entries = Object.entries(config);
  const outer = entries.filter(([name]) => outerNames.includes(name));
  const level = entries.filter(([name]) => !outerNames.includes(name));
  return [Object.fromEntries(outer) as StackOptions, Object.fromEntries(level) as unknown as LevelConfig];
}

/**
 * A cell in both directions over the same input: y_t = merge(h→_t, h←_t), the last output merge(h→_T, h←_1). Options of
 * `recurrent`, and `merge`: 'concat' (default), 'sum', 'average', 'product', or 'none' for two outputs. States and weights:
 * forward first. The backward run starts at each row's own last step. Errors: as of `recurrent`, `GW_LAYER_STACK`.
 *
 * @example
 * const model = tf.sequential({ layers: [
 *   bidirectional({ cell: 'lstm', units: 32, inputDim: 1000, returnSequences: true }),
 *   tf.layers.dense({ units: 12 }),
 * ] });
 */
export function bidirectional({
  merge = 'concat',
  ...config
}: BidirectionalConfig & { merge?: Merge }): StackLayer {
  const [outer, level] = divide(config);
  return new StackLayer({ ...outer, levels: [{ ...level, merge }] });
}

/**
 * Recurrent levels one over the other, each of one or both directions, as one layer: `levels`, or one level's options and a
 * `depth`. `betweenDropout` falls on what goes from level to level; with `residual` levels add their input to their output.
 * States: by level, direction, state. Errors: as of `recurrent`, `GW_LAYER_STACK`.
 *
 * @example
 * stack({ cell: 'gru', units: 64, depth: 3, betweenDropout: 0.2, residual: true, inputShape: [null, 16] });
 * stack({ levels: [{ cell: 'lstm', units: 32, merge: 'concat' }, { cell: 'gru', units: 64 }], returnSequences: true });
 */
export function stack(config: StackConfig | DeepConfig): StackLayer {
  if ('levels' in config) return new StackLayer(config);
  const { depth, ...rest } = config;
  const [outer, level] = divide(rest);
  const { inputDim, ...above } = level;
  const levels = Array.from({ length: Math.max(0, Math.trunc(depth)) || 0 }, (_, l) =>
    l === 0 && inputDim !== undefined ? level : above,
  );
  return new StackLayer({ ...outer, levels });
}
