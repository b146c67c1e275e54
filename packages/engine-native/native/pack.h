#pragma once
// W and R as panels, packed once a sequence by all threads.
#include "gemm.h"

namespace gatewise::GW_ARCH {

/** Columns [N·block + NR·panel, …) of M [K, cols] → [K][NR], zeros beyond N. */
static void packColumns(const float* M, long cols, int K, int N, int block, int panel, float* out) {
  const int width = least(NR, N - panel * NR);
  const float* from = M + (long)block * N + panel * NR;
  for (int k = 0; k < K; k++, from += cols, out += NR) {
    if (width == NR) {
      store(out, load(from));
      store(out + VL, load(from + VL));
      continue;
    }
    for (int q = 0; q < NR; q++) out[q] = q < width ? from[q] : 0;
  }
}

/** The transpose of a block: rows [NR·panel, …) of M [N, cols], columns [K·block, …) → [K][NR], zeros beyond N. */
static void packRows(const float* M, long cols, int K, int N, int block, int panel, float* out) {
  const int width = least(NR, N - panel * NR);
  const float* from = M + (long)panel * NR * cols + (long)block * K;
  for (int k0 = 0; k0 < K; k0 += 16) {
    const int k1 = least(K, k0 + 16);
    for (int q = 0; q < NR; q++) {
      for (int k = k0; k < k1; k++) out[(long)k * NR + q] = q < width ? from[q * cols + k] : 0;
    }
  }
}

/** Panels of `blocks` blocks that lie in a matrix with `cols` columns. */
struct Packing {
  Panels panels;
  const float* M;
  int blocks;
  bool transposed;
  float* out;

  Packing() = default;
  Packing(const float* M, int blocks, int K, int N, long cols, bool transposed, bool direct, Arena& arena)
      : M(M), blocks(M ? blocks : 0), transposed(transposed) {
    panels = {K, N, nullptr, direct ? M : nullptr, cols};
    panels.packed = out = arena.take((size_t)this->blocks * panels.count() * K * NR);
  }

  /** This thread's share. */
  void pack(int p, int P) const {
    const int count = panels.count(), all = blocks * count;
    for (int i = (int)((long)all * p / P); i < (int)((long)all * (p + 1) / P); i++) {
      const int block = i / count, panel = i % count;
      if (panels.direct && (panel + 1) * NR <= panels.N) continue;
      float* to = out + (size_t)i * panels.K * NR;
      if (transposed) packRows(M, panels.cols, panels.K, panels.N, block, panel, to);
      else packColumns(M, panels.cols, panels.K, panels.N, block, panel, to);
    }
  }
};

} // namespace gatewise::GW_ARCH
