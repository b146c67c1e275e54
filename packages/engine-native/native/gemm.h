#pragma once
// Products of small row blocks with packed panels: C (+)= Σ A_s B_s, accumulated in registers.
#include "vec.h"

namespace gatewise::GW_ARCH {

/** How far a product goes in k before the next row block: a panel of KC rows stays in the first-level cache. */
constexpr int KC = 20480 / (NR * 4);

/** A [m,K] with row stride lda (Packed: strips [K,MR]) times B [K,NR] with row stride ldb. */
struct Part {
  const float* A;
  long lda;
  const float* B;
  long ldb;
  int K;
};

/** C [M,NR] = init (or C itself when init is null) + Σ A B. */
template <int M, bool Packed>
static inline void tile(const Part* parts, int n, int row, const float* init, float* C, long ldc) {
  V c[M][2];
#pragma GCC unroll 16
  for (int i = 0; i < M; i++) {
    const float* from = init ? init : C + i * ldc;
    c[i][0] = load(from);
    c[i][1] = load(from + VL);
  }
  for (int q = 0; q < n; q++) {
    const long lda = parts[q].lda, ldb = parts[q].ldb;
    const float* A = parts[q].A + (Packed ? 0 : row * lda);
    const float* B = parts[q].B;
    for (int k = 0, K = parts[q].K; k < K; k++, B += ldb) {
      const V b0 = load(B), b1 = load(B + VL);
#pragma GCC unroll 16
      for (int i = 0; i < M; i++) {
        const float a = Packed ? A[(long)k * MR + i] : A[i * lda + k];
        c[i][0] += a * b0;
        c[i][1] += a * b1;
      }
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < M; i++) {
    store(C + i * ldc, c[i][0]);
    store(C + i * ldc + VL, c[i][1]);
  }
}

/** One row, whose few sums would wait for each other: STEPS of k at a time have sums of their own. */
static void tileOne(const Part* parts, int n, int row, const float* init, float* C) {
  constexpr int STEPS = 4;
  V c[STEPS][2] = {};
  c[0][0] = load(init ? init : C);
  c[0][1] = load((init ? init : C) + VL);
  for (int q = 0; q < n; q++) {
    const float* A = parts[q].A + row * parts[q].lda;
    const float* B = parts[q].B;
    const long ldb = parts[q].ldb;
    int k = 0;
    for (const int K = parts[q].K - STEPS + 1; k < K; k += STEPS, B += STEPS * ldb) {
#pragma GCC unroll 16
      for (int i = 0; i < STEPS; i++) {
        c[i][0] += A[k + i] * load(B + i * ldb);
        c[i][1] += A[k + i] * load(B + i * ldb + VL);
      }
    }
    for (; k < parts[q].K; k++, B += ldb) {
      c[0][0] += A[k] * load(B);
      c[0][1] += A[k] * load(B + VL);
    }
  }
  store(C, (c[0][0] + c[1][0]) + (c[2][0] + c[3][0]));
  store(C + VL, (c[0][1] + c[1][1]) + (c[2][1] + c[3][1]));
}

/** One row times WIDE panels side by side in a matrix that is read in place: a row of it is a run of memory. */
constexpr int WIDE = 4;
static void tileWide(const Part* parts, int n, const float* init, float* C) {
  constexpr int VECTORS = 2 * WIDE;
  V c[VECTORS];
#pragma GCC unroll 16
  for (int j = 0; j < VECTORS; j++) c[j] = load((init ? init : C) + j * VL);
  for (int q = 0; q < n; q++) {
    const float* B = parts[q].B;
    for (int k = 0, K = parts[q].K; k < K; k++, B += parts[q].ldb) {
      const float a = parts[q].A[k];
#pragma GCC unroll 16
      for (int j = 0; j < VECTORS; j++) c[j] += a * load(B + j * VL);
    }
  }
#pragma GCC unroll 16
  for (int j = 0; j < VECTORS; j++) store(C + j * VL, c[j]);
}

template <int M>
static void tileRows(int rows, const Part* parts, int n, int row, const float* init, float* C, long ldc) {
  if constexpr (M == 1) tileOne(parts, n, row, init, C);
  else if (rows == M) tile<M, false>(parts, n, row, init, C, ldc);
  else tileRows<M - 1>(rows, parts, n, row, init, C, ldc);
}

/** All m rows of one panel, in row blocks as equal as they can be. */
static void panelRows(int m, const Part* parts, int n, const float* init, float* C, long ldc) {
  const int blocks = ceilDiv(m, MR);
  for (int i = 0; i < blocks; i++) {
    const int from = (int)((long)m * i / blocks), to = (int)((long)m * (i + 1) / blocks);
    tileRows<MR>(to - from, parts, n, from, init, C + from * ldc, ldc);
  }
}

/** Blocks of a matrix as panels of NR columns. `direct`: whole panels are read in place, only the last is packed. */
struct Panels {
  int K, N;             // each block is [K,N]
  const float* packed;  // [block][panel][K][NR]
  const float* direct;  // [K, cols], or null
  long cols;

  int count() const { return ceilDiv(N, NR); }
  bool wide(int panel) const { return direct && (panel + WIDE) * NR <= N; }
  const float* at(int block, int panel, long& ldb) const {
    if (direct && (panel + 1) * NR <= N) {
      ldb = cols;
      return direct + (long)block * N + panel * NR;
    }
    ldb = NR;
    return packed + ((long)block * count() + panel) * K * NR;
  }
};

/** One term of a sum of products. */
struct Factor {
  const float* A; // [m, K]
  long lda;
  const Panels* panels;
  int block;
};

/** Panels [p0, p1) of C [m, *] = bias (or C itself) + Σ A B over the factors. */
static void products(int m, int p0, int p1, const Factor* factors, int n, const float* bias, float* C, long ldc) {
  constexpr int MOST = 8;
  Part parts[MOST];
  for (int j = p0, width = 1; j < p1; j += width) {
    bool wide = m == 1 && j + WIDE <= p1;
    for (int f = 0; f < n; f++) wide = wide && factors[f].panels->wide(j);
    width = wide ? WIDE : 1;
    int used = 0, depth = 0;
    const float* init = bias ? bias + j * NR : nullptr;
    auto flush = [&] {
      if (used == 0) return;
      if (wide) tileWide(parts, used, init, C + j * NR);
      else panelRows(m, parts, used, init, C + j * NR, ldc);
      init = nullptr;
      used = depth = 0;
    };
    for (int f = 0; f < n; f++) {
      long ldb;
      const float* B = factors[f].panels->at(factors[f].block, j, ldb);
      for (int k = 0, K = factors[f].panels->K; k < K; k += KC) {
        const int step = least(KC, K - k);
        if (used == MOST || depth + step > KC) flush();
        parts[used++] = {factors[f].A + k, factors[f].lda, B + k * ldb, ldb, step};
        depth += step;
      }
    }
    flush();
  }
}

} // namespace gatewise::GW_ARCH
