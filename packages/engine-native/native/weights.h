#pragma once
// dW, dR, db and δw of a slice: rows of several steps are packed, then multiplied in one product.
#include "draw.h"
#include "pack.h"
#include "vm.h"

namespace gatewise::GW_ARCH {

constexpr int CHUNK_ROWS = 256;

/** Rows [K, width] as strips [strip][capacity][MR]: the left side of a product over rows. */
struct Strips {
  float* at;
  int width, count, capacity;

  Strips(int width, int capacity, Arena& arena) : width(width), count(ceilDiv(width, MR)), capacity(capacity) {
    at = arena.take((size_t)count * capacity * MR);
  }
  /** from [width]; null is a row of zeros. */
  void put(int k, const float* from) const {
    float* to = at + (long)k * MR;
    for (int s = 0; s < count; s++, to += (long)capacity * MR) {
      const int w = from ? least(MR, width - s * MR) : 0;
      for (int i = 0; i < MR; i++) to[i] = i < w ? from[s * MR + i] : 0;
    }
  }
};

/** Sums of products over rows: [block][panel][count·MR][NR]. */
struct Sums {
  float* at;
  int rows, panels;

  Sums(int blocks, int width, int panels, Arena& arena) : rows(roundUp(width, MR)), panels(panels) {
    at = arena.take((size_t)blocks * panels * rows * NR);
  }
  float* panel(int block, int j) const { return at + ((long)block * panels + j) * rows * NR; }
};

/** Those of the slice's columns: `panels` of them from `first` on. */
struct Gradients {
  int capacity, first, panels, rows = 0;
  bool fresh = true;
  Strips x, h, u;
  float* da[MAX_GATES]; // [panel][capacity][NR]
  Sums W, R;
  float* b;             // [G, panels·NR]
  float* w;             // [V, panels·NR]
  long bytes;           // of b and w

  Gradients(const Call& call, const Slice& slice, Arena& arena)
      : capacity(most(CHUNK_ROWS, slice.m)), first(slice.c0 / NR), panels(slice.c1 / NR - first),
        x(call.ids || call.plan.wBlocks() == 0 ? 0 : call.I, capacity, arena),
        h(call.plan.readsH() ? call.H : 0, capacity, arena), u(call.plan.readsU() ? call.H : 0, capacity, arena),
        W(call.ids ? 0 : call.plan.wBlocks(), call.I, panels, arena), R(call.plan.rBlocks(), call.H, panels, arena) {
    const Plan& p = call.plan;
    for (int g = 0; g < p.G; g++) da[g] = arena.take((size_t)panels * capacity * NR);
    const size_t each = (size_t)panels * NR;
    b = arena.take((p.G + p.V) * each);
    w = b + p.G * each;
    bytes = (p.G + p.V) * each * sizeof(float);
  }
  void start() { memset(b, 0, bytes); }

  /** One step's rows; when the chunk is full, or at the last step, into the sums. */
  void take(const Call& call, const Slice& slice, int n, const History& history, float* const* gate, float* const* dw) {
    const Plan& p = call.plan;
    const int Hp = widthOf(call), t = call.time(n), m = slice.m, c0 = slice.c0, width = panels * NR;
    const float* hidden = call.drop == Drop::none ? history.state[0](n) : nullptr;
    if (h.count > 0 && !hidden) hidden = history.dropped(n);
    const float* operand = u.count > 0 ? history.u(n) : nullptr;
    for (int r = 0; r < m; r++) {
      const bool real = call.real(slice.row0 + r, t);
      const float* x_t = x.count > 0 ? call.x + ((long)(slice.row0 + r) * call.T + t) * call.I : nullptr;
      x.put(rows + r, real ? x_t : nullptr);
      if (h.count > 0) h.put(rows + r, real ? hidden + (long)r * Hp : nullptr);
      if (operand) u.put(rows + r, real ? operand + (long)r * Hp : nullptr);
    }
    for (int g = 0; g < p.G; g++) packGate(gate[g] + c0, m, Hp, da[g], b + (long)g * width);
    for (int v = 0; v < p.V; v++) addRows(dw[v] + c0, m, Hp, width, w + (long)v * width);
    rows += m;
    if (rows + m > capacity || n == 0) flush(p, call.ids);
  }

 private:
  /** δa [m,Hp] → panels, and Σ δa → db. */
  void packGate(const float* from, int m, long Hp, float* to, float* sum) const {
    for (int j = 0; j < panels; j++) {
      float* out = to + ((long)j * capacity + rows) * NR;
      V s0{}, s1{};
      for (int r = 0; r < m; r++, out += NR) {
        const V a0 = load(from + r * Hp + j * NR), a1 = load(from + r * Hp + j * NR + VL);
        store(out, a0);
        store(out + VL, a1);
        s0 += a0;
        s1 += a1;
      }
      store(sum + j * NR, load(sum + j * NR) + s0);
      store(sum + j * NR + VL, load(sum + j * NR + VL) + s1);
    }
  }
  static void addRows(const float* from, int m, long Hp, int width, float* sum) {
    for (int j = 0; j < width; j += VL) {
      V s{};
      for (int r = 0; r < m; r++) s += load(from + r * Hp + j);
      store(sum + j, load(sum + j) + s);
    }
  }

  void flush(const Plan& p, bool ids) {
    for (int g = 0; g < p.G; g++) {
      const Gate& gt = p.gates[g];
      for (int j = 0; j < panels; j++) {
        const float* B = da[g] + (long)j * capacity * NR;
        if (gt.w >= 0 && !ids) sum(x, B, W.panel(gt.w, j));
        if (gt.r >= 0) sum(gt.fed ? u : h, B, R.panel(gt.r, j));
      }
    }
    rows = 0;
    fresh = false;
  }
  /** C [count·MR, NR] += Aᵀ B over the rows of the chunk. */
  void sum(const Strips& A, const float* B, float* C) const {
    static const float zeros[NR] = {};
    for (int s = 0; s < A.count; s++) {
      const Part part{A.at + (long)s * capacity * MR, 0, B, NR, rows};
      tile<MR, true>(&part, 1, 0, fresh ? zeros : nullptr, C + (long)s * MR * NR, NR);
    }
  }
};

} // namespace gatewise::GW_ARCH
