#pragma once
// What the fuzzers share: seeded numbers and sizes, and memory whose ends are watched.
#include <cmath>
#include <cstdint>
#include <cstdlib>

namespace gatewise {

struct Random {
  uint32_t state;
  uint32_t next() {
    state ^= state << 13;
    state ^= state >> 17;
    return state ^= state << 5;
  }
  int below(int n) { return (int)(next() % (uint32_t)n); }
  bool chance(int percent) { return below(100) < percent; }
  float number() { return (float)below(2001) / 1000 - 1; }
};

inline int size(Random& r, int most) {
  static const int odd[] = {1, 1, 2, 3, 5, 7, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65};
  const int n = r.chance(70) ? odd[r.below(16)] : 1 + r.below(most);
  return n > most ? most : n;
}

/** Memory of exactly the size asked for, full of NaN: what is read before it is written shows in the outputs. */
struct Exact {
  float* at;
  explicit Exact(size_t floats) {
    if (posix_memalign((void**)&at, 64, floats * sizeof(float) + 1)) abort();
    for (size_t i = 0; i < floats; i++) at[i] = NAN;
  }
  ~Exact() { free(at); }
};

} // namespace gatewise
