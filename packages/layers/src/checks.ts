import { GatewiseError } from '@gatewise/core';
import { getBackend, type Tensor } from '@tensorflow/tfjs-core';
import type { Shape } from '@tensorflow/tfjs-layers';
import type { Settings } from './config.js';

const bad = (layer: string, message: string): never => {
  throw new GatewiseError('GW_LAYER_SHAPE', `layer "${layer}": ${message}`);
};
const show = (shape: Shape): string => `[${shape.map((n) => n ?? '?').join(', ')}]`;

/** I, from the shape of x: [B,T,I], or [B,T] of ids. Errors: `GW_LAYER_SHAPE`. */
export function featuresOf(layer: string, shape: Shape, { inputDim }: Settings): number {
  if (inputDim !== undefined) {
    if (shape.length === 2) return inputDim;
    return bad(
      layer,
      `got x ${show(shape)}, wanted ids [B, T] as inputDim says; leave inputDim out for float [B, T, I]`,
    );
  }
  const features = shape[2];
  if (shape.length === 3 && typeof features === 'number' && features > 0) return features;
  const fix =
    shape.length === 2
      ? 'for int32 ids give inputDim, for one step a sequence reshape to [B, 1, I]'
      : 'fix the number of features, as in inputShape: [T, I]';
  return bad(layer, `got x ${show(shape)}, wanted [B, T, I] with I known; ${fix}`);
}

/** The shapes of x and of the initial states. Errors: `GW_LAYER_SHAPE`. */
export function checkShapes(
  layer: string,
  settings: Settings,
  features: number,
  [x, ...states]: readonly Shape[],
): void {
  const I = featuresOf(layer, x ?? [], settings);
  checkFeatures(layer, x!, I, features);
  const { cell, units } = settings;
  const wanted = cell.state.map((name) => ({ name, units }));
  checkStates(layer, wanted, x![0] ?? null, states);
}

/** Errors: `GW_LAYER_SHAPE`. */
export function checkFeatures(layer: string, x: Shape, I: number, built: number): void {
  if (I !== built) bad(layer, `got x ${show(x)} with ${I} features, wanted the ${built} it was built with`);
}

/** The shapes of initial states, all or none. Errors: `GW_LAYER_SHAPE`. */
export function checkStates(
  layer: string,
  wanted: readonly { readonly name: string; readonly units: number }[],
  B: number | null,
  states: readonly Shape[],
): void {
  if (states.length === 0) return;
  if (states.length !== wanted.length) {
    const list = wanted.map(({ name, units }) => `${name} [B, ${units}]`).join(', ');
    bad(layer, `got ${states.length} initial states, wanted ${wanted.length}: ${list}`);
  }
  states.forEach((shape, k) => {
    const { name, units } = wanted[k]!;
    const fits =
      shape.length === 2 && shape[1] === units && (B == null || shape[0] == null || shape[0] === B);
    if (!fits) bad(layer, `got the initial state ${name} ${show(shape)}, wanted [${B ?? 'B'}, ${units}]`);
  });
}

/** A mask must be [B, T]. Errors: `GW_LAYER_SHAPE`. */
export function checkMask(layer: string, mask: Tensor, x: Tensor): void {
  const [B, T] = x.shape;
  if (mask.rank === 2 && mask.shape[0] === B && mask.shape[1] === T) return;
  bad(layer, `got a mask ${show(mask.shape)}, wanted [B, T] = [${B}, ${T}], true at real steps`);
}

/** Ids must lie in [0, I). What lies on a GPU is not read back for it. Errors: `GW_LAYER_IDS`. */
export function checkIds(layer: string, ids: Tensor, I: number): void {
  if (getBackend() !== 'cpu' && getBackend() !== 'wasm') return;
  const values = ids.dataSync();
  for (let n = 0; n < values.length; n++) {
    const id = values[n]!;
    if (id >= 0 && id < I) continue;
    throw new GatewiseError(
      'GW_LAYER_IDS',
      `layer "${layer}": got the id ${id} at position ${n}, wanted ids from 0 to ${I - 1}; ` +
        'inputDim is the size of the vocabulary',
    );
  }
}
