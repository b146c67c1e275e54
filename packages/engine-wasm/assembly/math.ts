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
// @ts-ignore: decorator
@inline
function splat(a: f32): v128 {
  return f32x4.splat(a);
}

/** e^r on |r| ≤ ln 2 / 2 (Moshier, Cephes expf). */
// @ts-ignore: decorator
@inline
function expReduced(r: v128): v128 {
  let p = madd(splat(1.9875691500e-4), r, splat(1.3981999507e-3));
  p = madd(p, r, splat(8.3334519073e-3));
  p = madd(p, r, splat(4.1665795894e-2));
  p = madd(p, r, splat(1.6666665459e-1));
  p = madd(p, r, splat(5.0000001201e-1));
  return f32x4.add(madd(p, f32x4.mul(r, r), r), splat(1));
}

const MAGIC: f32 = 12582912.0;
/** x = n ln 2 + r (Cody and Waite, 1980); n lies in the low bits of a float near 1.5·2²³. */
// @ts-ignore: decorator
@inline
function shift(x: v128): v128 {
  return madd(x, splat(1.44269504088896341), splat(MAGIC));
}
// @ts-ignore: decorator
@inline
function reduced(x: v128, shifted: v128): v128 {
  const k = f32x4.sub(shifted, splat(MAGIC));
  return nmadd(k, splat(-2.12194440e-4), nmadd(k, splat(0.693359375), x));
}
// @ts-ignore: decorator
@inline
function exponent(shifted: v128): v128 {
  return i32x4.sub(shifted, splat(MAGIC));
}
/** 2^n for −126 ≤ n ≤ 127. */
// @ts-ignore: decorator
@inline
function power2(n: v128): v128 {
  return i32x4.shl(i32x4.add(n, i32x4.splat(127)), 23);
}

/** e^x for x ≤ 89.5; the scale comes in two factors, so that results below 2^−126 round once. */
// @ts-ignore: decorator
@inline
function expBelow(x: v128): v128 {
  const low = f32x4.pmax(x, splat(-105));
  const shifted = shift(low);
  const n = exponent(shifted);
  const half = i32x4.shr_s(n, 1);
  return f32x4.mul(f32x4.mul(expReduced(reduced(low, shifted)), power2(half)), power2(i32x4.sub(n, half)));
}
// @ts-ignore: decorator
@inline
export function exp(x: v128): v128 {
  return expBelow(f32x4.pmin(x, splat(89.5)));
}

/** σ(x) = 1/(1 + e^−x), from e = e^−|x|: 1/(1 + e), or e/(1 + e) below zero, which keeps small results exact. */
// @ts-ignore: decorator
@inline
export function logistic(x: v128): v128 {
  const e = expBelow(v128.or(x, splat(-0.0)));
  const s = f32x4.add(splat(1), e);
  const lost = f32x4.sub(e, f32x4.sub(s, splat(1))); // by rounding 1 + e
  const q = f32x4.div(v128.bitselect(e, splat(1), f32x4.lt(x, splat(0))), s);
  return nmadd(q, lost, q);
}

/** tanh x: odd polynomial below 0.625 (Moshier, Cephes tanhf), else 1 − 2/(e^2|x| + 1). */
// @ts-ignore: decorator
@inline
export function tanh(x: v128): v128 {
  const a = f32x4.abs(x);
  const z = f32x4.mul(x, x);
  let p = madd(splat(-5.70498872745e-3), z, splat(2.06390887954e-2));
  p = madd(p, z, splat(-5.37397155531e-2));
  p = madd(p, z, splat(1.33314422036e-1));
  p = madd(p, z, splat(-3.33332819422e-1));
  const small = madd(f32x4.mul(p, z), x, x);
  const twice = f32x4.pmin(f32x4.add(a, a), splat(20));
  const shifted = shift(twice);
  const e = f32x4.mul(expReduced(reduced(twice, shifted)), power2(exponent(shifted)));
  const large = f32x4.sub(splat(1), f32x4.div(splat(2), f32x4.add(e, splat(1))));
  const sign = v128.and(x, splat(-0.0));
  return v128.or(v128.bitselect(small, large, f32x4.lt(a, splat(0.625))), sign);
}

/** max(x, 0) */
// @ts-ignore: decorator
@inline
export function relu(x: v128): v128 {
  return f32x4.pmax(x, splat(0));
}
/** 1 where x > 0, else 0; NaN stays. */
// @ts-ignore: decorator
@inline
export function step(x: v128): v128 {
  const zeroOne = v128.and(f32x4.gt(x, splat(0)), splat(1));
  return v128.bitselect(zeroOne, x, f32x4.eq(x, x));
}

/** to[n] ← function of from[n]: 0 exp, 1 logistic, 2 tanh; n is a multiple of 4. For tests. */
export function math(which: i32, from: usize, to: usize, n: i32): void {
  for (const end = from + (<usize>n << 2); from < end; from += 16, to += 16) {
    const x = v128.load(from);
    v128.store(to, which == 0 ? exp(x) : which == 1 ? logistic(x) : tanh(x));
  }
}
