import { type Drawn, drawnDropout, drawValues } from '@gatewise/recurrence';
import { type Tensor, tensor } from '@tensorflow/tfjs-core';

/** Inverted dropout: 0 with probability `rate`, else 1 / (1 − rate); element (t, b, unit) is drawn by `drawBelow(key, t, b, unit, rate)`. */
export const dropoutMask = (
  [B, steps, units]: readonly [B: number, T: number, units: number],
  key: number,
  rate: number,
): Tensor => drawnDropout({ B, from: 0, steps, units, key, rate });

/** True with probability `rate`, [B, T]. */
export function dropSteps(B: number, T: number, key: number, rate: number): Tensor {
  const drawn: Drawn = { B, from: 0, steps: T, units: 1, key, rate };
  return tensor(Uint8Array.from(drawValues(drawn, 1, 0)), [B, T], 'bool');
}
