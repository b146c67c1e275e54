#pragma once
// exp, logistic and tanh within 2 ulp; NaN stays NaN.
#include "vec.h"

namespace gatewise::GW_ARCH {

/** e^r on |r| ≤ ln 2 / 2 (Moshier, Cephes expf). */
static inline V expReduced(V r) {
  V p = splat(1.9875691500e-4f);
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  return (p * (r * r) + r) + 1.0f;
}

/** x = n ln 2 + r (Cody and Waite, 1980); n lies in the low bits of a float near 1.5·2²³. */
static inline V reduce(V x, N& n) {
  const float magic = 12582912.0f;
  const V shifted = x * 1.44269504088896341f + magic;
  n = bits(shifted) - bits(splat(magic));
  const V k = shifted - magic;
  return (x - k * 0.693359375f) - k * -2.12194440e-4f;
}

/** 2^n for −126 ≤ n ≤ 127. */
static inline V power2(N n) { return (V)((n + 127) << 23); }

static inline V atLeast(V x, float low) { return select(x < splat(low), splat(low), x); }
static inline V atMost(V x, float high) { return select(x > splat(high), splat(high), x); }

/** e^x for x ≤ 89.5; the scale comes in two factors, so that results below 2^−126 round once. */
static inline V expBelow(V x) {
  N n;
  const V p = expReduced(reduce(atLeast(x, -105.0f), n));
  const N half = n >> 1;
  return p * power2(half) * power2(n - half);
}

static inline V vexp(V x) { return expBelow(atMost(x, 89.5f)); }

/** σ(x) = 1/(1 + e^−x), from e = e^−|x|: 1/(1 + e), or e/(1 + e) below zero, which keeps small results exact. */
static inline V logistic(V x) {
  const N sign = bits(splat(-0.0f));
  const V e = expBelow((V)(bits(x) | sign));
  const V s = 1.0f + e;
  const V lost = e - (s - 1.0f); // by rounding 1 + e
  const V q = select(x < splat(0.0f), e, splat(1.0f)) / s;
  return q - q * lost;
}

/** tanh x: odd polynomial below 0.625 (Moshier, Cephes tanhf), else 1 − 2/(e^2|x| + 1). */
static inline V vtanh(V x) {
  const N sign = bits(splat(-0.0f));
  const V a = (V)(bits(x) & ~sign);
  const V z = x * x;
  V p = splat(-5.70498872745e-3f);
  p = p * z + 2.06390887954e-2f;
  p = p * z - 5.37397155531e-2f;
  p = p * z + 1.33314422036e-1f;
  p = p * z - 3.33332819422e-1f;
  const V small = p * z * x + x;
  N n;
  const V r = reduce(atMost(a + a, 20.0f), n);
  const V large = 1.0f - 2.0f / (expReduced(r) * power2(n) + 1.0f);
  return (V)(bits(select(a < splat(0.625f), small, large)) | (bits(x) & sign));
}

/** max(x, 0) */
static inline V relu(V x) { return select(x < splat(0.0f), V{}, x); }
/** 1 where x > 0, else 0; NaN stays. */
static inline V step(V x) {
  const V zeroOne = select(x > splat(0.0f), splat(1.0f), V{});
  return select(x == x, zeroOne, x);
}

static void mathTable(int function, const float* in, float* out, int n) {
  for (int i = 0; i < n; i += VL) {
    const V x = load(in + i);
    store(out + i, function == 0 ? vexp(x) : function == 1 ? logistic(x) : vtanh(x));
  }
}

} // namespace gatewise::GW_ARCH
