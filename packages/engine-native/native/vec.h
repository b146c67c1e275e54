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

/** A share of the batch. */
struct Slice {
  int row0, m;
};
static inline Slice sliceOf(int B, int P, int p) {
  const int from = (int)((long)B * p / P), to = (int)((long)B * (p + 1) / P);
  return {from, to - from};
}

} // namespace gatewise::GW_ARCH
