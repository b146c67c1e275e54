// One pass over weights, gradients and slots; square roots and divisions are exact. n is a multiple of 4: the caller pads.
import { madd, nmadd } from './math';

/** The update rules, in the order of `updateRules` in packages/kernels/src/updates.ts. */
namespace Rule {
  // @ts-ignore: decorator
  @inline export const SGD: i32 = 0;
  // @ts-ignore: decorator
  @inline export const MOMENTUM: i32 = 1;
  // @ts-ignore: decorator
  @inline export const NESTEROV: i32 = 2;
  // @ts-ignore: decorator
  @inline export const RMSPROP: i32 = 3;
  // @ts-ignore: decorator
  @inline export const ADAM: i32 = 4;
  // @ts-ignore: decorator
  @inline export const ADAMW: i32 = 5;
}

// @ts-ignore: decorator
@inline
function number(list: usize, k: i32): v128 {
  return v128.load_splat<f32>(list + (<usize>k << 2));
}

/** One step of n weights: w [n] and its slots [n] are updated in place; a rule without a slot does not look at it. */
export function update(rule: i32, numbers: usize, n: i32, w: usize, g: usize, slot0: usize, slot1: usize): void {
  const bytes = <usize>n << 2;
  if (rule === Rule.SGD) sgd(numbers, bytes, w, g);
  else if (rule === Rule.MOMENTUM) momentum(numbers, bytes, w, g, slot0);
  else if (rule === Rule.NESTEROV) nesterov(numbers, bytes, w, g, slot0);
  else if (rule === Rule.RMSPROP) rmsprop(numbers, bytes, w, g, slot0);
  else adam(rule === Rule.ADAMW, numbers, bytes, w, g, slot0, slot1);
}

function sgd(numbers: usize, bytes: usize, w: usize, g: usize): void {
  const eta = number(numbers, 0);
  for (let i: usize = 0; i < bytes; i += 16) {
    // w ← w − η g
    v128.store(w + i, nmadd(eta, v128.load(g + i), v128.load(w + i)));
  }
}

function momentum(numbers: usize, bytes: usize, w: usize, g: usize, slot: usize): void {
  const eta = number(numbers, 0);
  const mu = number(numbers, 1);
  for (let i: usize = 0; i < bytes; i += 16) {
    // u ← μ u + g
    const u = madd(mu, v128.load(slot + i), v128.load(g + i));
    // w ← w − η u
    v128.store(w + i, nmadd(eta, u, v128.load(w + i)));
    v128.store(slot + i, u);
  }
}

function nesterov(numbers: usize, bytes: usize, w: usize, g: usize, slot: usize): void {
  const eta = number(numbers, 0);
  const mu = number(numbers, 1);
  for (let i: usize = 0; i < bytes; i += 16) {
    const d = v128.load(g + i);
    // u ← μ u + g
    const u = madd(mu, v128.load(slot + i), d);
    // w ← w − η (g + μ u)
    v128.store(w + i, nmadd(eta, madd(mu, u, d), v128.load(w + i)));
    v128.store(slot + i, u);
  }
}

function rmsprop(numbers: usize, bytes: usize, w: usize, g: usize, slot: usize): void {
  const eta = number(numbers, 0);
  const alpha = number(numbers, 1);
  const gamma = number(numbers, 2);
  const epsilon = number(numbers, 3);
  for (let i: usize = 0; i < bytes; i += 16) {
    const d = v128.load(g + i);
    // v ← α v + γ g²,  γ = 1 − α
    const v = madd(alpha, v128.load(slot + i), f32x4.mul(gamma, f32x4.mul(d, d)));
    // w ← w − η g / (√v + ε)
    const down = f32x4.div(f32x4.mul(eta, d), f32x4.add(f32x4.sqrt(v), epsilon));
    v128.store(w + i, f32x4.sub(v128.load(w + i), down));
    v128.store(slot + i, v);
  }
}

/** `decay`: AdamW. */
function adam(decay: bool, numbers: usize, bytes: usize, w: usize, g: usize, slot0: usize, slot1: usize): void {
  // a = η / (1 − β₁ᵗ),  c = 1 / √(1 − β₂ᵗ),  γ = 1 − β,  l = η λ
  const a = number(numbers, 0);
  const c = number(numbers, 1);
  const beta1 = number(numbers, 2);
  const gamma1 = number(numbers, 3);
  const beta2 = number(numbers, 4);
  const gamma2 = number(numbers, 5);
  const epsilon = number(numbers, 6);
  const l = decay ? number(numbers, 7) : f32x4.splat(0);
  for (let i: usize = 0; i < bytes; i += 16) {
    const d = v128.load(g + i);
    const old = v128.load(w + i);
    // m ← β₁ m + γ₁ g
    const m = madd(beta1, v128.load(slot0 + i), f32x4.mul(gamma1, d));
    // v ← β₂ v + γ₂ g²
    const v = madd(beta2, v128.load(slot1 + i), f32x4.mul(gamma2, f32x4.mul(d, d)));
    // w ← w − (a m / (c √v + ε) + η λ w)
    let down = f32x4.div(f32x4.mul(a, m), madd(c, f32x4.sqrt(v), epsilon));
    if (decay) down = madd(l, old, down);
    v128.store(w + i, f32x4.sub(old, down));
    v128.store(slot0 + i, m);
    v128.store(slot1 + i, v);
  }
}

// @ts-ignore: decorator
@inline
function square(at: usize): v128 {
  const x = f64x2.promote_low_f32x4(v128.load64_zero(at));
  return f64x2.mul(x, x);
}

/** Σ x² of n floats, a multiple of 16, in 16 sums added up in pairs: the bits of native/update.h. */
export function sumSquares(x: usize, n: i32): f64 {
  let s0 = f64x2.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  let s4 = s0;
  let s5 = s0;
  let s6 = s0;
  let s7 = s0;
  for (const end = x + (<usize>n << 2); x < end; x += 64) {
    s0 = f64x2.add(s0, square(x));
    s1 = f64x2.add(s1, square(x + 8));
    s2 = f64x2.add(s2, square(x + 16));
    s3 = f64x2.add(s3, square(x + 24));
    s4 = f64x2.add(s4, square(x + 32));
    s5 = f64x2.add(s5, square(x + 40));
    s6 = f64x2.add(s6, square(x + 48));
    s7 = f64x2.add(s7, square(x + 56));
  }
  const left = f64x2.add(f64x2.add(s0, s4), f64x2.add(s2, s6));
  const right = f64x2.add(f64x2.add(s1, s5), f64x2.add(s3, s7));
  const s = f64x2.add(left, right);
  return f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1);
}

/** x [n] ← factor · x, rounded once. */
export function scale(x: usize, n: i32, factor: f64): void {
  const f = f64x2.splat(factor);
  for (const end = x + (<usize>n << 2); x < end; x += 16) {
    const low = f64x2.mul(f64x2.promote_low_f32x4(v128.load64_zero(x)), f);
    const high = f64x2.mul(f64x2.promote_low_f32x4(v128.load64_zero(x, 8)), f);
    const pair = v128.shuffle<i32>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 1, 4, 5);
    v128.store(x, pair);
  }
}
