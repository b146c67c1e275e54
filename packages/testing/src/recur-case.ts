import { type AnyCell, cellNames, drawBelow, foldKey, type Random, random } from '@gatewise/core';
import {
  type ByName,
  backwardReference,
  fill,
  forwardReference,
  type Mat,
  type Sequence,
  type Vec,
  type Weights,
} from './reference.js';

/** What a request to the op can ask for. */
export interface CaseOptions {
  readonly B: number;
  readonly T: number;
  readonly I: number;
  readonly H: number;
  readonly ids?: boolean;
  /** Lengths differ ('right', one of them 0 where B > 1), or any step may be padding ('any'). */
  readonly mask?: 'right' | 'any';
  readonly padding?: 'zeros' | 'hold';
  readonly reverse?: boolean;
  readonly state0?: boolean;
  readonly zoneout?: 'mask' | 'draw' | 'expect';
  readonly operandDropout?: 'mask' | 'step-mask' | 'draw' | 'step-draw';
  readonly probe?: boolean;
  /** What is kept for backward. */
  readonly memory?: 'states' | number;
  /** x is NaN where masked: nobody may read it. */
  readonly poison?: boolean;
  /** Only these reach the loss; y and the final states when absent. */
  readonly upstream?: 'y' | 'final';
  /** Scale of x, b and the initial states: 1 is ordinary, 1e-20 shows lost digits, 1e4 saturates. */
  readonly scale?: number;
}
/** A request as numbers that float32 holds exactly. */
export interface Case {
  readonly options: CaseOptions;
  readonly x: Mat[]; // [B,T,I]
  readonly ids: Mat; // [B,T]
  readonly weights: Weights;
  readonly state0: ByName<Mat>; // [B,H] each
  readonly mask: boolean[][]; // [B,T]
  readonly holdMasks: ByName<Mat[]>; // [B,T,H] each
  readonly operandMask: Mat[]; // [B,T,H]
  readonly rate: number;
  readonly seed: number;
  readonly dy: Mat[]; // [B,T,H]
  readonly dfinal: ByName<Mat>; // [B,H] each
}
/** Outputs and gradients by name, row-major. */
export type Flat = Record<string, ArrayLike<number>>;
export interface CaseResult {
  readonly outputs: Flat;
  readonly gradients: Flat;
}

/** Draws a case; the same seed gives the same one. */
export function makeCase(cell: AnyCell, options: CaseOptions, seed = 1): Case {
  const r = random(seed);
  const { B, T, I, H, scale = 1 } = options;
  const { gates, input, recurrent, vectors, state } = cellNames(cell);
  const row = (n: number, by = 1) => fill(n, () => Math.fround(by * (2 * r.uniform() - 1)));
  const mat = (n: number, m: number, by = 1): Mat => list(n, () => row(m, by));
  const by = <V>(names: readonly string[], f: () => V): ByName<V> =>
    Object.fromEntries(names.map((name) => [name, f()]));

  const mask = makeMask(options, r);
  const x = list(B, () => mat(T, I, scale));
  const poisoned = x.map((rows, b) => rows.map((v, t) => (mask[b]![t] ? v : v.map(() => Number.NaN))));
  const { upstream } = options;
  return {
    options,
    x: options.poison ? poisoned : x,
    ids: list(B, () => fill(T, () => r.int(I))),
    weights: {
      W: mat(I, input.length * H, 0.7),
      R: mat(H, recurrent.length * H, 0.7),
      b: row(gates.length * H, 0.7 * scale),
      vectors: by(vectors, () => row(H)),
    },
    state0: by(state, () => mat(B, H, scale)),
    mask,
    holdMasks: by(state, () => list(B, () => mat(T, H).map((m) => m.map((v) => (v > 0.3 ? 1 : 0))))),
    operandMask: operandMask(options, r),
    rate: 0.25,
    seed: 77,
    dy: list(B, () => mat(T, H, upstream === 'final' ? 0 : 1)),
    dfinal: by(state, () => mat(B, H, upstream === 'y' ? 0 : 1)),
  };
}

const list = <V>(n: number, f: (i: number) => V): V[] => Array.from({ length: n }, (_, i) => f(i));

function makeMask({ B, T, mask }: CaseOptions, r: Random): boolean[][] {
  if (mask === 'any') return list(B, () => list(T, () => r.uniform() < 0.6));
  // lengths T, 0, and then anything
  const lengths = fill(B, (b) => (b === 0 ? T : b === 1 ? 0 : 1 + r.int(T)));
  return lengths.map((n) => list(T, (t) => t < n));
}

/** One mask a sequence, repeated, or one a step: zeros and 2. */
function operandMask({ B, T, H, operandDropout }: CaseOptions, r: Random): Mat[] {
  const draw = () => fill(H, () => (r.uniform() < 0.5 ? 0 : 2));
  return list(B, () => {
    const one = draw();
    return list(T, () => (operandDropout === 'step-mask' ? draw() : one));
  });
}

/** The case in float64, row by row of the batch. */
export function referenceResult(cell: AnyCell, c: Case): CaseResult {
  const { B, ids, state0, probe } = c.options;
  const rows = list(B, (b) => {
    const q = sequence(cell, c, b);
    const trace = forwardReference(cell, c.weights, q);
    const final = Object.fromEntries(cell.state.map((k) => [k, c.dfinal[k]![b]!]));
    return { trace, g: backwardReference(cell, c.weights, q, trace, { y: c.dy[b]!, final }) };
  });
  const sum = (of: (row: (typeof rows)[number]) => Vec) =>
    rows.map(of).reduce((a, v) => a.map((n, i) => n + v[i]!));
  const outputs: Flat = { y: rows.flatMap(({ trace }) => trace.y.flat()) };
  for (const k of cell.state) outputs[`final.${k}`] = rows.flatMap(({ trace }) => trace.final[k]!);
  const gradients: Flat = { W: sum(({ g }) => g.W.flat()), b: sum(({ g }) => g.b) };
  const { recurrent, vectors } = cellNames(cell);
  if (!ids) gradients.x = rows.flatMap(({ g }) => g.x.flat());
  if (recurrent.length > 0) gradients.R = sum(({ g }) => g.R.flat());
  for (const k of vectors) gradients[`vectors.${k}`] = sum(({ g }) => g.vectors[k]!);
  if (state0) for (const k of cell.state) gradients[`state0.${k}`] = rows.flatMap(({ g }) => g.state0[k]!);
  if (probe) gradients.probe = rows.flatMap(({ g }) => g.probe.flat());
  return { outputs, gradients };
}

/** Row b of the batch as the reference takes it. */
function sequence(cell: AnyCell, c: Case, b: number): Sequence {
  const { T, H, I, ids, mask, padding, reverse, state0, zoneout, operandDropout } = c.options;
  const oneHot = c.ids[b]!.map((id) => fill(I, (i) => (i === id ? 1 : 0)));
  const q: Sequence = {
    x: ids ? oneHot : c.x[b]!,
    state0: Object.fromEntries(cell.state.map((k) => [k, state0 ? c.state0[k]![b]! : fill(H, () => 0)])),
    reverse: reverse ?? false,
    padding: padding ?? 'zeros',
  };
  if (mask) q.real = c.mask[b]!;
  if (zoneout) {
    const hold = (k: string, t: number, j: number) => {
      if (zoneout === 'expect') return c.rate;
      if (zoneout === 'mask') return c.holdMasks[k]![b]![t]![j]!;
      return drawBelow(foldKey(c.seed, cell.state.indexOf(k)), t, b, j, c.rate) ? 1 : 0;
    };
    q.hold = Object.fromEntries(cell.state.map((k) => [k, list(T, (t) => fill(H, (j) => hold(k, t, j)))]));
  }
  if (operandDropout) {
    const drop = (t: number, j: number) => {
      if (operandDropout.endsWith('mask')) return c.operandMask[b]![t]![j]!;
      const step = operandDropout === 'step-draw' ? t : 0;
      return drawBelow(c.seed, step, b, j, c.rate) ? 0 : Math.fround(1 / (1 - c.rate));
    };
    q.drop = list(T, (t) => fill(H, (j) => drop(t, j)));
  }
  return q;
}
