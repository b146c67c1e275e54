import { foldKey, foldOne } from '@gatewise/core';
import { type Tensor, tensor } from '@tensorflow/tfjs-core';

/** Inverted dropout: 0 with probability `rate`, else 1 / (1 − rate); element (t, b, unit) is drawn by `drawBelow(key, t, b, unit, rate)`. */
export function dropoutMask(
  shape: readonly [B: number, T: number, units: number],
  key: number,
  rate: number,
): Tensor {
  return tensor(draw(shape, key, rate, 0, 1 / (1 - rate)), [...shape]);
}

/** True with probability `rate`, [B, T]. */
export function dropSteps(B: number, T: number, key: number, rate: number): Tensor {
  return tensor(Uint8Array.from(draw([B, T, 1], key, rate, 1, 0)), [B, T], 'bool');
}

function draw(
  [B, T, units]: readonly [number, number, number],
  key: number,
  rate: number,
  below: number,
  above: number,
): Float32Array {
  const out = new Float32Array(B * T * units);
  const threshold = rate * 0x100000000;
  let at = 0;
  for (let b = 0; b < B; b++) {
    for (let t = 0; t < T; t++) {
      // foldKey(key, t, b, unit) = foldKey(foldKey(key, t, b), unit)
      const k = foldKey(key, t, b);
      for (let unit = 0; unit < units; unit++) out[at++] = foldOne(k, unit) < threshold ? below : above;
    }
  }
  return out;
}
