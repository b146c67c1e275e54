#pragma once
// One pass over weights, gradients and slots. Square roots and divisions are exact.
#include "update-call.h"
#include "vec.h"

#if defined(__clang__)
#define GW_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define GW_INDEPENDENT _Pragma("GCC ivdep")
#endif

namespace gatewise::GW_ARCH {

/** A block of one weight; the compiler makes vectors of the loops, told that no turn reads what another writes. */
struct UpdateBlock {
  const float *w, *g;
  float *slot0, *slot1, *out;
  int n;
};

static void sgdBlock(const float* k, const UpdateBlock& b) {
  const float eta = k[0];
  GW_INDEPENDENT
  for (int i = 0; i < b.n; i++) {
    // w ← w − η g
    b.out[i] = b.w[i] - eta * b.g[i];
  }
}

static void momentumBlock(const float* k, const UpdateBlock& b) {
  const float eta = k[0], mu = k[1];
  GW_INDEPENDENT
  for (int i = 0; i < b.n; i++) {
    // u ← μ u + g
    const float u = mu * b.slot0[i] + b.g[i];
    // w ← w − η u
    b.out[i] = b.w[i] - eta * u;
    b.slot0[i] = u;
  }
}

static void nesterovBlock(const float* k, const UpdateBlock& b) {
  const float eta = k[0], mu = k[1];
  GW_INDEPENDENT
  for (int i = 0; i < b.n; i++) {
    // u ← μ u + g
    const float u = mu * b.slot0[i] + b.g[i];
    // w ← w − η (g + μ u)
    b.out[i] = b.w[i] - eta * (b.g[i] + mu * u);
    b.slot0[i] = u;
  }
}

static void rmspropBlock(const float* k, const UpdateBlock& b) {
  const float eta = k[0], alpha = k[1], gamma = k[2], epsilon = k[3];
  GW_INDEPENDENT
  for (int i = 0; i < b.n; i++) {
    const float g = b.g[i];
    // v ← α v + γ g²,  γ = 1 − α
    const float v = alpha * b.slot0[i] + gamma * (g * g);
    // w ← w − η g / (√v + ε)
    b.out[i] = b.w[i] - eta * g / (__builtin_sqrtf(v) + epsilon);
    b.slot0[i] = v;
  }
}

/** `Decay`: AdamW. */
template <bool Decay>
static void adamBlock(const float* k, const UpdateBlock& b) {
  // a = η / (1 − β₁ᵗ),  c = 1 / √(1 − β₂ᵗ),  γ = 1 − β,  l = η λ
  const float a = k[0], c = k[1], beta1 = k[2], gamma1 = k[3], beta2 = k[4], gamma2 = k[5], epsilon = k[6];
  const float l = Decay ? k[7] : 0;
  GW_INDEPENDENT
  for (int i = 0; i < b.n; i++) {
    const float g = b.g[i];
    // m ← β₁ m + γ₁ g
    const float m = beta1 * b.slot0[i] + gamma1 * g;
    // v ← β₂ v + γ₂ g²
    const float v = beta2 * b.slot1[i] + gamma2 * (g * g);
    // w ← w − (a m / (c √v + ε) + η λ w)
    const float down = a * m / (c * __builtin_sqrtf(v) + epsilon);
    b.out[i] = b.w[i] - (Decay ? down + l * b.w[i] : down);
    b.slot0[i] = m;
    b.slot1[i] = v;
  }
}

/** Σ x² in 16 sums, added up in pairs: a square of a float is exact in a double, so every instruction set gets the same. */
static double sumSquaresBlock(const float* x, int n) {
  double s[16] = {};
  int i = 0;
  for (; i + 16 <= n; i += 16) {
    for (int j = 0; j < 16; j++) s[j] += (double)x[i + j] * x[i + j];
  }
  for (int j = 0; i + j < n; j++) s[j] += (double)x[i + j] * x[i + j];
  for (int half = 8; half > 0; half /= 2) {
    for (int j = 0; j < half; j++) s[j] += s[j + half];
  }
  return s[0];
}

static void scaleBlock(const float* x, double factor, float* out, int n) {
  GW_INDEPENDENT
  for (int i = 0; i < n; i++) out[i] = (float)(factor * x[i]);
}

/** Calls body(weight, first float, floats, number of the block) for the p-th share of all blocks. */
template <class F>
static void eachBlock(const Weight* weights, int count, int P, int p, F body) {
  size_t all = 0;
  for (int k = 0; k < count; k++) all += blocksOf(weights[k]);
  const size_t from = all * p / P, to = all * (p + 1) / P;
  size_t first = 0;
  for (int k = 0; k < count && first < to; first += blocksOf(weights[k++])) {
    const size_t mine = from > first ? from - first : 0;
    const size_t end = to - first < blocksOf(weights[k]) ? to - first : blocksOf(weights[k]);
    for (size_t at = mine; at < end; at++) {
      const size_t start = at * UPDATE_BLOCK, left = weights[k].n - start;
      body(weights[k], start, (int)(left < UPDATE_BLOCK ? left : UPDATE_BLOCK), first + at);
    }
  }
}

static void updateAll(const Update& update, Runner& runner, int P) {
  struct With {
    const Update& update;
    int P;
  } with{update, P};
  runner.run(P, [](int p, void* data) {
    const auto& [u, P] = *(With*)data;
    using Body = void (*)(const float*, const UpdateBlock&);
    static const Body bodies[] = {sgdBlock, momentumBlock, nesterovBlock, rmspropBlock, adamBlock<false>, adamBlock<true>};
    const Body body = bodies[(int)u.rule];
    eachBlock(u.weights, u.count, P, p, [&u = u, body](const Weight& x, size_t at, int n, size_t) {
      float* slot0 = x.slots[0] ? x.slots[0] + at : nullptr;
      float* slot1 = x.slots[1] ? x.slots[1] + at : nullptr;
      body(u.numbers, {x.w + at, x.g + at, slot0, slot1, x.out + at, n});
    });
  }, &with);
}

static void sumSquaresAll(const Weight* weights, int count, double* sums, Runner& runner, int P) {
  struct With {
    const Weight* weights;
    int count;
    double* sums;
    int P;
  } with{weights, count, sums, P};
  runner.run(P, [](int p, void* data) {
    const auto& w = *(With*)data;
    eachBlock(w.weights, w.count, w.P, p, [&](const Weight& x, size_t at, int n, size_t block) {
      w.sums[block] = sumSquaresBlock(x.w + at, n);
    });
  }, &with);
}

static void scaleAll(const Weight& weight, double factor, Runner& runner, int P) {
  struct With {
    const Weight& weight;
    double factor;
    int P;
  } with{weight, factor, P};
  runner.run(P, [](int p, void* data) {
    const auto& w = *(With*)data;
    eachBlock(&w.weight, 1, w.P, p, [&](const Weight& x, size_t at, int n, size_t) {
      scaleBlock(x.w + at, w.factor, x.out + at, n);
    });
  }, &with);
}

static const UpdateKernels updateTable{updateAll, sumSquaresAll, scaleAll};

} // namespace gatewise::GW_ARCH
