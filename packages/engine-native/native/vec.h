#pragma once
// Vectors of VL floats in GCC's and Clang's extension. Compiled once per instruction set: the namespace is a macro.
#include <cstdint>
#include <cstring>

#include "call.h"

namespace gatewise::GW_ARCH {

typedef float V __attribute__((vector_size(VL * 4), aligned(4), may_alias));
typedef int32_t N __attribute__((vector_size(VL * 4), aligned(4), may_alias));

/** Columns of a panel. */
constexpr int NR = 2 * VL;

static inline V load(const float* p) { return *(const V*)p; }
static inline void store(float* p, V v) { *(V*)p = v; }
static inline V splat(float a) { return a - V{}; }
static inline N bits(V v) { return (N)v; }
static inline V select(N mask, V yes, V no) { return mask ? yes : no; }

static inline int least(int a, int b) { return a < b ? a : b; }
static inline int most(int a, int b) { return a > b ? a : b; }
static inline int ceilDiv(int n, int by) { return (n + by - 1) / by; }
static inline int roundUp(int n, int to) { return ceilDiv(n, to) * to; }

/** Hands out pieces of one block; without a block it only counts. */
struct Arena {
  float* base;
  size_t used = 0;

  float* take(size_t floats) {
    float* at = base ? base + used : nullptr;
    used += (floats + 15) & ~(size_t)15;
    return at;
  }
};

static inline int cut(long n, int P, int p) { return (int)(n * p / P); }

/** A share of the batch, with all columns of its planes; or a share of the columns, where the batch is one row. */
struct Slice {
  int row0, m;
  int c0, c1; // whole panels
};
static inline bool byColumns(const Call& call, int P) { return call.B == 1 && P > 1; }
static inline Slice sliceOf(const Call& call, int Hp, int P, int p) {
  if (byColumns(call, P)) return {0, 1, cut(Hp / NR, P, p) * NR, cut(Hp / NR, P, p + 1) * NR};
  const int from = cut(call.B, P, p);
  return {from, cut(call.B, P, p + 1) - from, 0, Hp};
}
/** As large as any: every size grows with the rows and columns of its slice. */
static inline Slice largestSlice(const Call& call, int Hp, int P) {
  if (byColumns(call, P)) return {0, 1, 0, ceilDiv(Hp / NR, P) * NR};
  return {0, ceilDiv(call.B, P), 0, Hp};
}

} // namespace gatewise::GW_ARCH
