/** What is predicted: a step on p ranks from the step of one, and a model of the network. Sizes in bytes, times in ms. */
export interface Link {
  readonly name: string;
  /** α: ms before the first byte of a message. */
  readonly α: number;
  /** β: ms of each byte. */
  readonly β: number;
}
/** How long an all-reduce of n bytes took. */
export interface Reduction {
  readonly bytes: number;
  readonly ms: number;
}

/** α + β n through measured times, by least squares of relative errors: Σ ((α + β n − t)/t)² → min. */
export function fit(name: string, measured: readonly Reduction[]): Link {
  let [s00, s01, s11, r0, r1] = [0, 0, 0, 0, 0];
  for (const { bytes: n, ms: t } of measured) {
    const w = 1 / (t * t);
    s00 += w;
    s01 += w * n;
    s11 += w * n * n;
    r0 += w * t;
    r1 += w * n * t;
  }
  const det = s00 * s11 - s01 * s01;
  return { name, α: Math.max(0, (s11 * r0 - s01 * r1) / det), β: Math.max(0, (s00 * r1 - s01 * r0) / det) };
}

/** Networks as their data sheets and common measurements have them; nothing here was measured. */
export const networks: readonly Link[] = [
  // TCP over Ethernet: 50 µs, 1.25 GB/s
  { name: '10 Gb/s', α: 0.05, β: 1e3 / 1.25e9 },
  // RDMA: 3 µs, 25 GB/s
  { name: '200 Gb/s', α: 0.003, β: 1e3 / 25e9 },
];

/**
 * An all-reduce of n bytes over p ranks, each on a host of its own: reduce and scatter, then gather, by halving and doubling.
 * t = 2 ⌈log₂ p⌉ α + 2 (p−1)/p n β + (p−1)/p n γ, γ the ms of adding a byte. Source: Rabenseifner, 2004; Thakur et al., 2005.
 */
export function allReduceMs(p: number, n: number, { α, β }: Link, γ: number): number {
  if (p === 1) return 0;
  const share = (p - 1) / p;
  return 2 * Math.ceil(Math.log2(p)) * α + 2 * share * n * β + share * n * γ;
}

/** A step as measured on one rank, and what it has to reduce. */
export interface Step {
  readonly name: string;
  readonly stepMs: number;
  readonly gradientBytes: number;
  /** ms of a byte that is packed before and unpacked after. */
  readonly copyMs: number;
}

/** Two small messages of a step, beside the gradients: what became of it, and whether to go on. */
const NOTES = [88, 8];

/** t(1)/t(p), each rank with as many rows as the one had (weak scaling). */
export function efficiency(
  p: number,
  { stepMs, gradientBytes: n, copyMs }: Step,
  link: Link,
  γ: number,
): number {
  const notes = NOTES.reduce((sum, bytes) => sum + allReduceMs(p, bytes, link, γ), 0);
  return stepMs / (stepMs + copyMs * n + notes + allReduceMs(p, n, link, γ));
}
