import type { RecurrentConfig, Settings } from './config.js';
import { type LayerArgs, layerArgNames } from './tf-layers.js';

/** Layers made so far, by cell: for default names. */
const made = new Map<string, number>();

/**
 * What tf.layers itself takes of a config: with a name after the cell when there is none, and with ids [B,T] of any
 * length as input where `inputDim` says so.
 */
export function layerArgs(config: RecurrentConfig, { cell, inputDim }: Settings): LayerArgs {
  const args: LayerArgs = Object.fromEntries(
    layerArgNames.filter((name) => config[name] !== undefined).map((name) => [name, config[name]]),
  );
  args.name ??= nextName(cell.name);
  if (inputDim === undefined) return args;
  if (!args.inputShape && !args.batchInputShape) args.batchInputShape = [args.batchSize ?? null, null];
  args.dtype ??= args.inputDType ?? 'int32';
  return args;
}

function nextName(cell: string): string {
  const count = (made.get(cell) ?? 0) + 1;
  made.set(cell, count);
  return `${cell.replaceAll('-', '_')}_${count}`;
}
