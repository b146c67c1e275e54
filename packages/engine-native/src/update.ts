import { type UpdateArrays, type Updates, updateRules } from '@gatewise/kernels';
import { type Addon, guarded } from './addon.js';

/** The functions of native/update.cc. */
export interface UpdateAddon {
  /** rule by its place; the arrays are w g out …slots of each weight */
  update(rule: number, numbers: Float32Array, arrays: readonly Float32Array[]): void;
  sumOfSquares(arrays: readonly Float32Array[]): number;
  scale(x: Float32Array, factor: number, out: Float32Array): void;
}

/** Updates, norms and scaling of the addon. */
export function nativeUpdates(addon: Addon): Updates {
  return {
    update: (rule, numbers, weights) =>
      guarded(() =>
        addon.update(updateRules.indexOf(rule), Float32Array.from(numbers), weights.flatMap(inOrder)),
      ),
    sumOfSquares: (arrays) => guarded(() => addon.sumOfSquares(arrays)),
    scale: (x, factor, out) => guarded(() => addon.scale(x, factor, out)),
  };
}

const inOrder = ({ w, g, out, slots }: UpdateArrays): Float32Array[] => [w, g, out, ...slots];
