/** The update rules, by the names of @gatewise/optimisers; native/update.h and assembly/update.ts know them by their place. */
export const updateRules = ['sgd', 'momentum', 'nesterov', 'rmsprop', 'adam', 'adamw'] as const;
export type UpdateRule = (typeof updateRules)[number];

/** One weight's arrays, all of its length. */
export interface UpdateArrays {
  readonly w: Float32Array;
  readonly g: Float32Array;
  /** Moments or velocities in the rule's order: updated in place. */
  readonly slots: readonly Float32Array[];
  /** The new weights; may be `w`, else it overlaps no other array. */
  readonly out: Float32Array;
}

/** What a step does to weights and gradients after backward: one pass over all of them. Errors: `GW_ENGINE_ARGUMENTS`. */
export interface Updates {
  /** Applies a rule to all weights. Everything is checked before the first write; the results do not depend on threads. */
  update(rule: UpdateRule, numbers: readonly number[], weights: readonly UpdateArrays[]): void;
  /** Σ x² over all arrays, in float64 and in an order that does not depend on threads: no overflow, no underflow. */
  sumOfSquares(arrays: readonly Float32Array[]): number;
  /** out = factor · x, rounded once; `out` may be `x`. */
  scale(x: Float32Array, factor: number, out: Float32Array): void;
}
