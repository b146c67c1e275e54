#pragma once
// Products of whole matrices on the tiles of gemm.h.
#include "dense-loss.h"
#include "dense-rows.h"
#include "pack.h"

namespace gatewise::GW_ARCH {

/** Rows that are multiplied with one panel after the other: their part of A stays in the second-level cache. */
constexpr int ROWS = 30 * MR;

/** What one thread works on. */
struct Bench {
  float* panels; // op(B) [panel][k][NR]
  float* strips; // a chunk of op(A) when A is transposed: [strip][KC][MR]
  float* tail;   // [ROWS, NR], the last panel of C
};

/** A thread's part of C: whole strips of rows, whole panels of columns. */
struct Share {
  int row0, row1, panel0, panel1;
};

struct ProductPlan {
  const Product& q;
  int P, panels;
  bool byBatch; // a thread does whole batches, and packs for itself
  bool direct;  // few rows: whole panels of B are read in place
  size_t shared, each;

  ProductPlan(const Product& product, int P)
      : q(product), P(P), panels(ceilDiv(q.n, NR)), byBatch(q.batches > 1), direct(!q.transposeB && q.m < 4 * MR) {
    Arena all{nullptr}, own{nullptr};
    const size_t packed = (size_t)panels * q.k * NR;
    if (!byBatch) all.take(packed);
    shared = all.used;
    if (byBatch) own.take(packed);
    takeOwn(own);
    each = own.used;
  }
  size_t floats() const { return shared + each * P; }
  Bench bench(float* scratch, int p) const {
    Arena own{scratch + shared + each * p};
    float* panels = byBatch ? own.take((size_t)this->panels * q.k * NR) : scratch;
    Bench b = takeOwn(own);
    b.panels = panels;
    return b;
  }
  Bench takeOwn(Arena& own) const {
    Bench b{};
    b.strips = own.take(q.transposeA ? (size_t)ROWS * KC : 0);
    b.tail = own.take((size_t)ROWS * NR);
    return b;
  }
  bool inPlace(int panel) const { return direct && (panel + 1) * NR <= q.n; }

  Share share(int p) const {
    const int strips = ceilDiv(q.m, MR);
    if (byBatch) return {0, q.m, 0, panels};
    if (strips < 2 * P && panels > strips) return {0, q.m, cut(panels, P, p), cut(panels, P, p + 1)};
    return {cut(strips, P, p) * MR, least(q.m, cut(strips, P, p + 1) * MR), 0, panels};
  }
  /** Panels of op(B): [from, to). */
  void pack(const float* b, float* out, int from, int to) const {
    for (int j = from; j < to; j++) {
      if (inPlace(j)) continue;
      float* panel = out + (long)j * q.k * NR;
      if (q.transposeB) packRows(b, q.k, q.k, q.n, 0, j, panel);
      else packColumns(b, q.n, q.k, q.n, 0, j, panel);
    }
  }
};

static inline V activated(Activation f, V x) {
  switch (f) {
    case Activation::relu: return relu(x);
    case Activation::logistic: return logistic(x);
    case Activation::tanh: return vtanh(x);
    case Activation::exp: return vexp(x);
    case Activation::elu: return select(x < splat(0.0f), vexp(x) - 1.0f, x);
    default: return x;
  }
}

/** out [n] = f(x); out may be x. */
static void activate(Activation f, const float* x, float* out, long n) {
  long i = 0;
  for (; i + VL <= n; i += VL) store(out + i, activated(f, load(x + i)));
  if (i == n) return;
  float last[VL] = {};
  memcpy(last, x + i, (n - i) * sizeof(float));
  store(last, activated(f, load(last)));
  memcpy(out + i, last, (n - i) * sizeof(float));
}

static void apply(const Application& q, Runner& runner, int P) {
  onEach(runner, P, [&](int p) {
    const int from = cut(q.n, P, p);
    activate(q.f, q.x + from, q.out + from, cut(q.n, P, p + 1) - from);
  });
}

/** Rows [row0, row0 + rows) of Aᵀ, columns [k0, k0 + K), of A [k,m] → [strip][K][MR]. */
static void packStrips(const float* A, int m, int row0, int rows, int k0, int K, float* out) {
  for (int s = 0; s < rows; s += MR) {
    const int width = least(MR, rows - s);
    const float* from = A + (long)k0 * m + row0 + s;
    for (int k = 0; k < K; k++, from += m, out += MR) {
      if (width == MR) memcpy(out, from, MR * sizeof(float));
      else for (int i = 0; i < MR; i++) out[i] = i < width ? from[i] : 0;
    }
  }
}

/** One panel of C for a chunk of rows; the last panel of a matrix goes through `tail`, which is as wide as a panel. */
struct PanelOfC {
  const Product& q;
  float* C; // first element of the chunk in this panel
  int rows, width;
  bool first; // the sum begins here
  float start[NR];

  PanelOfC(const Product& q, float* c, int rows, int panel, bool first)
      : q(q), C(c + (long)panel * NR), rows(rows), width(least(NR, q.n - panel * NR)), first(first) {
    for (int j = 0; j < NR; j++) start[j] = q.bias && j < width ? q.bias[panel * NR + j] : 0;
  }
  const float* init() const { return first ? start : nullptr; }

  void multiply(const Part& part, float* tail) const {
    if (width == NR) return panelRows(rows, &part, 1, init(), C, q.n);
    take(tail, rows);
    panelRows(rows, &part, 1, init(), tail, NR);
    give(tail, 0, rows);
  }
  /** A in strips of K columns. */
  void multiplyStrips(Part part, float* tail) const {
    for (int s = 0; s < rows; s += MR, part.A += (long)part.K * MR) {
      const int some = least(MR, rows - s);
      float* at = C + (long)s * q.n;
      if (width == NR && some == MR) {
        tile<MR, true>(&part, 1, 0, init(), at, q.n);
        continue;
      }
      if (!first) for (int i = 0; i < some; i++) memcpy(tail + i * NR, at + (long)i * q.n, width * sizeof(float));
      tile<MR, true>(&part, 1, 0, init(), tail, NR);
      give(tail, s, some);
    }
  }

 private:
  void take(float* tail, int count) const {
    if (!first) for (int i = 0; i < count; i++) memcpy(tail + i * NR, C + (long)i * q.n, width * sizeof(float));
  }
  void give(const float* tail, int row, int count) const {
    for (int i = 0; i < count; i++) memcpy(C + (long)(row + i) * q.n, tail + i * NR, width * sizeof(float));
  }
};

/** A thread's share of C = f(op(A) op(B) + bias) of one batch. */
static void multiply(const ProductPlan& plan, const float* a, const float* b, float* c, const Share& s, const Bench& bench) {
  const Product& q = plan.q;
  for (int row = s.row0; row < s.row1; row += ROWS) {
    const int rows = least(ROWS, s.row1 - row);
    float* C = c + (long)row * q.n;
    for (int k = 0; k == 0 || k < q.k; k += KC) {
      const int K = least(KC, q.k - k);
      if (q.transposeA) packStrips(a, q.m, row, rows, k, K, bench.strips);
      for (int j = s.panel0; j < s.panel1; j++) {
        const bool in = plan.inPlace(j);
        const float* B = in ? b + (long)k * q.n + (long)j * NR : bench.panels + ((long)j * q.k + k) * NR;
        const PanelOfC panel(q, C, rows, j, k == 0);
        if (q.transposeA) panel.multiplyStrips({bench.strips, 0, B, in ? (long)q.n : NR, K}, bench.tail);
        else panel.multiply({a + (long)row * q.k + k, q.k, B, in ? (long)q.n : NR, K}, bench.tail);
      }
    }
    if (q.activation == Activation::linear) continue;
    const int from = s.panel0 * NR, to = least(q.n, s.panel1 * NR);
    for (int i = 0; i < rows; i++) {
      float* at = C + (long)i * q.n + from;
      activate(q.activation, at, at, to - from);
    }
  }
}

static size_t productScratch(const Product& q, int P) { return ProductPlan(q, P).floats(); }

static void product(const Product& q, Runner& runner, int P, float* scratch) {
  const ProductPlan plan(q, P);
  if (q.batches == 0 || q.m == 0 || q.n == 0) return;
  if (plan.byBatch) {
    return onEach(runner, P, [&](int p) {
      const Bench bench = plan.bench(scratch, p);
      const int from = cut(q.batches, P, p), to = cut(q.batches, P, p + 1);
      for (int i = from; i < to; i++) {
        const float* b = q.b + (q.repeatB ? 0 : (long)i * q.k * q.n);
        if (i == from || !q.repeatB) plan.pack(b, bench.panels, 0, plan.panels);
        const float* a = q.a + (q.repeatA ? 0 : (long)i * q.m * q.k);
        multiply(plan, a, b, q.c + (long)i * q.m * q.n, plan.share(p), bench);
      }
    });
  }
  // a small matrix is packed before a thread would wake
  const int packers = (long)q.k * q.n < 1 << 16 ? 1 : P;
  onEach(runner, packers, [&](int p) {
    plan.pack(q.b, scratch, cut(plan.panels, packers, p), cut(plan.panels, packers, p + 1));
  });
  onEach(runner, P, [&](int p) { multiply(plan, q.a, q.b, q.c, plan.share(p), plan.bench(scratch, p)); });
}

constexpr DenseKernels denseTable{productScratch, product,     rowScratch, crossEntropy, gatherRows,
                                  scatterRows,    softmax,     sumRows,    combine,      apply,
                                  dropout};

} // namespace gatewise::GW_ARCH
