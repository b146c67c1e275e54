/** What a step does to weights and gradients after backward: one pass over all of them. */
export interface Updates {
  /** out = factor · x; `out` may be `x`. */
  scale(x: Float32Array, factor: number, out: Float32Array): void;
}
