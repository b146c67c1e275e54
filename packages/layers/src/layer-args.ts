import { type LayerArgs, layerArgNames } from './tf-layers.js';

/** Layers made so far, by cell or kind: for default names. */
const made = new Map<string, number>();

/**
 * What tf.layers itself takes of a config: with a name after `base`, the cell's, when there is none, and with ids [B,T] of any
 * length as input where `inputDim` says so.
 */
export function layerArgs(config: LayerArgs, base: string, inputDim: number | undefined): LayerArgs {
  const args: LayerArgs = Object.fromEntries(
    layerArgNames.filter((name) => config[name] !== undefined).map((name) => [name, config[name]]),
  );
  args.name ??= nextName(base);
  if (inputDim === undefined) return args;
  if (!args.inputShape && !args.batchInputShape) args.batchInputShape = [args.batchSize ?? null, null];
  args.dtype ??= args.inputDType ?? 'int32';
  return args;
}

function nextName(base: string): string {
  const count = (made.get(base) ?? 0) + 1;
  made.set(base, count);
  return `${base.replaceAll('-', '_')}_${count}`;
}
