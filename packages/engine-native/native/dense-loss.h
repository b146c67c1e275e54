#pragma once
// Softmax cross-entropy of rows, forward and backward in one pass.
#include "dense-rows.h"
#include "math.h"

namespace gatewise::GW_ARCH {

/** max z; what is no number counts as nothing here, and shows in the sum of exponentials. */
static float greatest(const float* z, int n) {
  V m = splat(0.0f) - __builtin_inff();
  int i = 0;
  for (; i + VL <= n; i += VL) m = select(load(z + i) > m, load(z + i), m);
  float top = m[0];
  for (int j = 1; j < VL; j++) top = m[j] > top ? m[j] : top;
  for (; i < n; i++) top = z[i] > top ? z[i] : top;
  return top;
}

/** e [n, rounded up to VL] = e^{z − max}, and the sum of its n elements. */
static float exponentials(const float* z, int n, float top, float* e) {
  V sums{};
  int i = 0;
  for (; i + VL <= n; i += VL) {
    const V v = vexp(load(z + i) - top);
    store(e + i, v);
    sums += v;
  }
  float sum = 0;
  if (i < n) {
    float last[VL] = {};
    memcpy(last, z + i, (n - i) * sizeof(float));
    store(e + i, vexp(load(last) - top));
    for (int j = i; j < n; j++) sum += e[j];
  }
  for (int j = 0; j < VL; j++) sum += sums[j];
  return sum;
}

/** One row; e is scratch. */
static float lossOfRow(const CrossEntropy& q, int row, float w, float* e) {
  const int C = q.classes;
  const float* z = q.logits + (long)row * C;
  // a = z − max_c z, e = e^a, s = Σ_c e, k = Σ_c y
  const float top = greatest(z, C), s = exponentials(z, C, top, e);
  const float* y = q.targets ? q.targets + (long)row * C : nullptr;
  float k = 1, dot = 0;
  if (y) {
    k = 0;
    for (int c = 0; c < C; c++) {
      k += y[c];
      dot += y[c] * (z[c] - top);
    }
  } else {
    dot = z[q.ids[row]] - top;
  }
  if (q.gradient) {
    // dz = w (k e / s − y)
    float* dz = q.gradient + (long)row * C;
    const float scale = k / s;
    for (int c = 0; c < C; c++) dz[c] = y ? w * (e[c] * scale - y[c]) : w * (e[c] * scale);
    if (!y) dz[q.ids[row]] = w * (e[q.ids[row]] * scale - 1);
  }
  // l = k log s − Σ_c y a
  return w * (k * __builtin_logf(s) - dot);
}

/** What one thread works in: a row, as whole cache lines. */
static size_t rowFloats(int classes) { return ((size_t)classes + 15) & ~(size_t)15; }
static size_t rowScratch(int classes, int P) { return P * rowFloats(classes); }

static void crossEntropy(const CrossEntropy& q, Runner& runner, int P, float* scratch) {
  // w = m / max(Σ m, 1)
  double sum = q.mask ? 0 : q.rows;
  for (int i = 0; q.mask && i < q.rows; i++) sum += q.mask[i];
  // a sum that is no number stays one
  const float total = sum < 1 ? 1 : (float)sum;
  onEach(runner, P, [&](int p) {
    float* e = scratch + p * rowFloats(q.classes);
    for (int i = cut(q.rows, P, p); i < cut(q.rows, P, p + 1); i++) {
      q.losses[i] = lossOfRow(q, i, (q.mask ? q.mask[i] : 1.0f) / total, e);
    }
  });
}

/** p = e / s, with e = e^{z − max z}, s = Σ e. */
static void softmax(const Matrix& q, Runner& runner, int P, float* scratch) {
  onEach(runner, P, [&](int p) {
    float* e = scratch + p * rowFloats(q.width);
    for (int i = cut(q.rows, P, p); i < cut(q.rows, P, p + 1); i++) {
      const float* z = q.x + (long)i * q.width;
      float* out = q.out + (long)i * q.width;
      const float s = exponentials(z, q.width, greatest(z, q.width), e);
      for (int j = 0; j < q.width; j++) out[j] = e[j] / s;
    }
  });
}

} // namespace gatewise::GW_ARCH
