import { foldKey, foldOne } from '@gatewise/core';
import * as tf from '@tensorflow/tfjs-core';

/** Which numbers to draw: steps from…from + steps − 1 of a sequence. */
export interface Drawn {
  readonly B: number;
  readonly from: number;
  readonly steps: number;
  readonly units: number;
  readonly key: number;
  readonly rate: number;
}

/** `below` where `drawBelow(key, t, b, unit, rate)` of core is true, else `above`: [B, steps, units] row by row. */
export function drawValues(
  { B, from, steps, units, key, rate }: Drawn,
  below: number,
  above: number,
): Float32Array {
  const out = new Float32Array(B * steps * units);
  const threshold = rate * 0x100000000;
  let at = 0;
  for (let b = 0; b < B; b++) {
    for (let t = from; t < from + steps; t++) {
      // foldKey(key, t, b, unit) = foldKey(foldKey(key, t, b), unit)
      const k = foldKey(key, t, b);
      for (let unit = 0; unit < units; unit++) out[at++] = foldOne(k, unit) < threshold ? below : above;
    }
  }
  return out;
}

/** Inverted dropout [B, steps, units]: 0 or 1 / (1 − rate). */
export const drawnDropout = (drawn: Drawn): tf.Tensor3D =>
  tf.tensor3d(drawValues(drawn, 0, 1 / (1 - drawn.rate)), [drawn.B, drawn.steps, drawn.units]);

/** Which units of state k zoneout holds, bool [B, steps, units]; `key` is that of all states. */
export function drawnHold(drawn: Drawn, k: number): tf.Tensor3D {
  const values = Uint8Array.from(drawValues({ ...drawn, key: foldKey(drawn.key, k) }, 1, 0));
  return tf.tensor3d(values, [drawn.B, drawn.steps, drawn.units], 'bool');
}
