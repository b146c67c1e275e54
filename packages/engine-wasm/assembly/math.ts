// exp, logistic and tanh within 2 ulp; NaN stays NaN.

/** a b + c: fused in the relaxed variant where the processor fuses. */
// @ts-ignore: decorator
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? f32x4.relaxed_madd(a, b, c) : f32x4.add(f32x4.mul(a, b), c);
}
/** c − a b */
// @ts-ignore: decorator
@inline
export function nmadd(a: v128, b: v128, c: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? f32x4.relaxed_nmadd(a, b, c) : f32x4.sub(c, f32x4.mul(a, b));
}
// Constants lie in memory, four times each: engines read them there as operands, where a splat costs three instructions.
// @ts-ignore: decorator
@inline const ONE: usize = 0;
// @ts-ignore: decorator
@inline const TWO: usize = 16;
// @ts-ignore: decorator
@inline const MINUS_ZERO: usize = 32;
// @ts-ignore: decorator
@inline const LOG2_E: usize = 48;
// @ts-ignore: decorator
@inline const MAGIC: usize = 64;
// @ts-ignore: decorator
@inline const LN2_HIGH: usize = 80;
// @ts-ignore: decorator
@inline const LN2_LOW: usize = 96;
// @ts-ignore: decorator
@inline const E7: usize = 112;
// @ts-ignore: decorator
@inline const E6: usize = 128;
// @ts-ignore: decorator
@inline const E5: usize = 144;
// @ts-ignore: decorator
@inline const E4: usize = 160;
// @ts-ignore: decorator
@inline const E3: usize = 176;
// @ts-ignore: decorator
@inline const E2: usize = 192;
// @ts-ignore: decorator
@inline const LEAST: usize = 208;
// @ts-ignore: decorator
@inline const MOST: usize = 224;
// @ts-ignore: decorator
@inline const T9: usize = 240;
// @ts-ignore: decorator
@inline const T7: usize = 256;
// @ts-ignore: decorator
@inline const T5: usize = 272;
// @ts-ignore: decorator
@inline const T3: usize = 288;
// @ts-ignore: decorator
@inline const T1: usize = 304;
// @ts-ignore: decorator
@inline const FLAT: usize = 320;
// @ts-ignore: decorator
@inline const NEAR: usize = 336;
// @ts-ignore: decorator
@inline const BIAS: usize = 352;

/** Where the constants lie: take it into a local before a loop, and hand it to the functions as `K`. */
export let constants: usize = 0;
export function constantBytes(): i32 {
  return 368;
}
/** Writes the constants, once for a module. */
export function layConstants(at: usize): void {
  constants = at;
  v128.store(at, f32x4.splat(1), ONE);
  v128.store(at, f32x4.splat(2), TWO);
  v128.store(at, f32x4.splat(-0.0), MINUS_ZERO);
  v128.store(at, f32x4.splat(1.44269504088896341), LOG2_E);
  v128.store(at, f32x4.splat(12582912.0), MAGIC);
  v128.store(at, f32x4.splat(0.693359375), LN2_HIGH);
  v128.store(at, f32x4.splat(-2.12194440e-4), LN2_LOW);
  v128.store(at, f32x4.splat(1.9875691500e-4), E7);
  v128.store(at, f32x4.splat(1.3981999507e-3), E6);
  v128.store(at, f32x4.splat(8.3334519073e-3), E5);
  v128.store(at, f32x4.splat(4.1665795894e-2), E4);
  v128.store(at, f32x4.splat(1.6666665459e-1), E3);
  v128.store(at, f32x4.splat(5.0000001201e-1), E2);
  v128.store(at, f32x4.splat(-105), LEAST);
  v128.store(at, f32x4.splat(89.5), MOST);
  v128.store(at, f32x4.splat(-5.70498872745e-3), T9);
  v128.store(at, f32x4.splat(2.06390887954e-2), T7);
  v128.store(at, f32x4.splat(-5.37397155531e-2), T5);
  v128.store(at, f32x4.splat(1.33314422036e-1), T3);
  v128.store(at, f32x4.splat(-3.33332819422e-1), T1);
  v128.store(at, f32x4.splat(20), FLAT);
  v128.store(at, f32x4.splat(0.625), NEAR);
  v128.store(at, i32x4.splat(127), BIAS);
}

/** e^r on |r| ≤ ln 2 / 2 (Moshier, Cephes expf). */
// @ts-ignore: decorator
@inline
function expReduced(K: usize, r: v128): v128 {
  let p = madd(v128.load(K, E7), r, v128.load(K, E6));
  p = madd(p, r, v128.load(K, E5));
  p = madd(p, r, v128.load(K, E4));
  p = madd(p, r, v128.load(K, E3));
  p = madd(p, r, v128.load(K, E2));
  return f32x4.add(madd(p, f32x4.mul(r, r), r), v128.load(K, ONE));
}

/** x = n ln 2 + r (Cody and Waite, 1980); n lies in the low bits of a float near 1.5·2²³. */
// @ts-ignore: decorator
@inline
function shift(K: usize, x: v128): v128 {
  return madd(x, v128.load(K, LOG2_E), v128.load(K, MAGIC));
}
// @ts-ignore: decorator
@inline
function reduced(K: usize, x: v128, shifted: v128): v128 {
  const k = f32x4.sub(shifted, v128.load(K, MAGIC));
  return nmadd(k, v128.load(K, LN2_LOW), nmadd(k, v128.load(K, LN2_HIGH), x));
}
// @ts-ignore: decorator
@inline
function exponent(K: usize, shifted: v128): v128 {
  return i32x4.sub(shifted, v128.load(K, MAGIC));
}
/** 2^n for −126 ≤ n ≤ 127. */
// @ts-ignore: decorator
@inline
function power2(K: usize, n: v128): v128 {
  return i32x4.shl(i32x4.add(n, v128.load(K, BIAS)), 23);
}

/** e^x for x ≤ 89.5; the scale comes in two factors, so that results below 2^−126 round once. */
// @ts-ignore: decorator
@inline
function expBelow(K: usize, x: v128): v128 {
  const low = f32x4.pmax(x, v128.load(K, LEAST));
  const shifted = shift(K, low);
  const n = exponent(K, shifted);
  const half = i32x4.shr_s(n, 1);
  const e = expReduced(K, reduced(K, low, shifted));
  return f32x4.mul(f32x4.mul(e, power2(K, half)), power2(K, i32x4.sub(n, half)));
}
// @ts-ignore: decorator
@inline
export function exp(K: usize, x: v128): v128 {
  return expBelow(K, f32x4.pmin(x, v128.load(K, MOST)));
}

/** σ(x) = 1/(1 + e^−x), from e = e^−|x|: 1/(1 + e), or e/(1 + e) below zero, which keeps small results exact. */
// @ts-ignore: decorator
@inline
export function logistic(K: usize, x: v128): v128 {
  const one = v128.load(K, ONE);
  const e = expBelow(K, v128.or(x, v128.load(K, MINUS_ZERO)));
  const s = f32x4.add(one, e);
  const lost = f32x4.sub(e, f32x4.sub(s, one)); // by rounding 1 + e
  const q = f32x4.div(v128.bitselect(e, one, f32x4.lt(x, f32x4.splat(0))), s);
  return nmadd(q, lost, q);
}

/** tanh x: odd polynomial below 0.625 (Moshier, Cephes tanhf), else 1 − 2/(e^2|x| + 1). */
// @ts-ignore: decorator
@inline
export function tanh(K: usize, x: v128): v128 {
  const a = f32x4.abs(x);
  const z = f32x4.mul(x, x);
  let p = madd(v128.load(K, T9), z, v128.load(K, T7));
  p = madd(p, z, v128.load(K, T5));
  p = madd(p, z, v128.load(K, T3));
  p = madd(p, z, v128.load(K, T1));
  const small = madd(f32x4.mul(p, z), x, x);
  const twice = f32x4.pmin(f32x4.add(a, a), v128.load(K, FLAT));
  const shifted = shift(K, twice);
  const e = f32x4.mul(expReduced(K, reduced(K, twice, shifted)), power2(K, exponent(K, shifted)));
  const one = v128.load(K, ONE);
  const large = f32x4.sub(one, f32x4.div(v128.load(K, TWO), f32x4.add(e, one)));
  const sign = v128.and(x, v128.load(K, MINUS_ZERO));
  return v128.or(v128.bitselect(small, large, f32x4.lt(a, v128.load(K, NEAR))), sign);
}

/** max(x, 0) */
// @ts-ignore: decorator
@inline
export function relu(x: v128): v128 {
  return f32x4.pmax(x, f32x4.splat(0));
}
/** 1 where x > 0, else 0; NaN stays. */
// @ts-ignore: decorator
@inline
export function step(x: v128): v128 {
  const zeroOne = v128.and(f32x4.gt(x, f32x4.splat(0)), f32x4.splat(1));
  return v128.bitselect(zeroOne, x, f32x4.eq(x, x));
}

/** to[n] ← function of from[n]: 0 exp, 1 logistic, 2 tanh; n is a multiple of 4. For tests. */
export function math(which: i32, from: usize, to: usize, n: i32): void {
  const K = constants;
  for (const end = from + (<usize>n << 2); from < end; from += 16, to += 16) {
    const x = v128.load(from);
    v128.store(to, which == 0 ? exp(K, x) : which == 1 ? logistic(K, x) : tanh(K, x));
  }
}
