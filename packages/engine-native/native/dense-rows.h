#pragma once
// Gathers, their gradient, sums over rows, two arrays element by element, dropout.
#include "hash.h"
#include "vec.h"

namespace gatewise::GW_ARCH {

/** f(p) on every thread. */
template <class F>
static void onEach(Runner& runner, int P, F f) {
  runner.run(P, [](int p, void* with) { (*(F*)with)(p); }, &f);
}

static inline void addInto(float* to, const float* from, int n) {
  int i = 0;
  for (; i + VL <= n; i += VL) store(to + i, load(to + i) + load(from + i));
  for (; i < n; i++) to[i] += from[i];
}

static void gatherRows(const RowsById& q, Runner& runner, int P) {
  const size_t width = q.width;
  onEach(runner, P, [&](int p) {
    for (int i = cut(q.n, P, p); i < cut(q.n, P, p + 1); i++) {
      memcpy(q.to + i * width, q.from + q.ids[i] * width, width * sizeof(float));
    }
  });
}

/** Every thread has rows of its own: the order of a sum does not depend on their number. */
static void scatterRows(const RowsById& q, Runner& runner, int P) {
  const size_t width = q.width;
  onEach(runner, P, [&](int p) {
    const int from = cut(q.rows, P, p), to = cut(q.rows, P, p + 1);
    memset(q.to + from * width, 0, (to - from) * width * sizeof(float));
    for (int i = 0; i < q.n; i++) {
      if (q.ids[i] >= from && q.ids[i] < to) addInto(q.to + q.ids[i] * width, q.from + i * width, q.width);
    }
  });
}

/** Σ over rows, columns [from, to), to − from ≤ 16 VL: blocks of rows in float32, their sums in float64. */
static void sumColumns(const Matrix& q, int from, int to) {
  constexpr int COLUMNS = 16 * VL, BLOCK = 64;
  const int n = to - from;
  double sums[COLUMNS] = {};
  for (int row = 0; row < q.rows; row += BLOCK) {
    float block[COLUMNS] = {};
    for (int i = row; i < least(q.rows, row + BLOCK); i++) addInto(block, q.x + (long)i * q.width + from, n);
    for (int j = 0; j < n; j++) sums[j] += block[j];
  }
  for (int j = 0; j < n; j++) q.out[from + j] = (float)sums[j];
}

static void sumRows(const Matrix& q, Runner& runner, int P) {
  constexpr int COLUMNS = 16 * VL;
  const int groups = ceilDiv(q.width, VL);
  onEach(runner, P, [&](int p) {
    const int last = least(q.width, cut(groups, P, p + 1) * VL);
    for (int from = cut(groups, P, p) * VL; from < last; from += COLUMNS) sumColumns(q, from, least(last, from + COLUMNS));
  });
}

/** A row of an operand: vectors of it, or one number in all places. */
struct Operand {
  const float* at;
  bool spread; // one number
  V vector(int j) const { return spread ? splat(*at) : load(at + j); }
  float number(int j) const { return at[spread ? 0 : j]; }
};
static inline Operand operandRow(const float* x, Spread how, int row, int width) {
  switch (how) {
    case Spread::row: return {x, false};
    case Spread::column: return {x + row, true};
    case Spread::one: return {x, true};
    default: return {x + (long)row * width, false};
  }
}

template <Combine op, class T>
static inline T combined(T a, T b) {
  if constexpr (op == Combine::add) return a + b;
  else if constexpr (op == Combine::sub) return a - b;
  else if constexpr (op == Combine::mul) return a * b;
  else return a / b;
}

template <Combine op>
static void combineRows(const Combination& q, int from, int to) {
  for (int i = from; i < to; i++) {
    const Operand a = operandRow(q.a, q.spreadA, i, q.width), b = operandRow(q.b, q.spreadB, i, q.width);
    float* out = q.out + (long)i * q.width;
    int j = 0;
    for (; j + VL <= q.width; j += VL) store(out + j, combined<op>(a.vector(j), b.vector(j)));
    for (; j < q.width; j++) out[j] = combined<op>(a.number(j), b.number(j));
  }
}

static void combine(const Combination& q, Runner& runner, int P) {
  onEach(runner, P, [&](int p) {
    const int from = cut(q.rows, P, p), to = cut(q.rows, P, p + 1);
    switch (q.op) {
      case Combine::add: return combineRows<Combine::add>(q, from, to);
      case Combine::sub: return combineRows<Combine::sub>(q, from, to);
      case Combine::mul: return combineRows<Combine::mul>(q, from, to);
      default: return combineRows<Combine::div>(q, from, to);
    }
  });
}

/** A product, not a choice: what is no number stays none. */
static void dropout(const Dropout& q, Runner& runner, int P) {
  const uint32_t limit = limitOf(q.rate);
  const float scale = (float)(1 / (1 - q.rate));
  const long all = (long)q.rows * q.steps;
  onEach(runner, P, [&](int p) {
    for (long i = all * p / P; i < all * (p + 1) / P; i++) {
      const uint32_t k = foldKey(foldKey(q.key, i % q.steps), i / q.steps);
      const float* x = q.x + i * q.units;
      float* out = q.out + i * q.units;
      for (int j = 0; j < q.units; j++) out[j] = x[j] * (foldKey(k, j) <= limit ? 0.0f : scale);
    }
  });
}

} // namespace gatewise::GW_ARCH
