import type { LayerSpec } from '../model.js';

/** A layer that makes masks for those after it. */
export const isMaskMaker = (layer: LayerSpec): boolean =>
  layer.kind === 'masking' || (layer.kind === 'embedding' && layer.maskZero);
