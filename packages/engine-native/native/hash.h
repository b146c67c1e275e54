#pragma once
// The counter hash of core's random.ts.
#include <cstdint>

namespace gatewise::GW_ARCH {

/** Wellons, "lowbias32", 2018 */
static inline uint32_t mix(uint32_t x) {
  x = (x ^ (x >> 16)) * 0x21f0aaadu;
  x = (x ^ (x >> 15)) * 0x735a2d97u;
  return x ^ (x >> 15);
}
static inline uint32_t foldKey(uint32_t k, uint32_t n) { return mix(k * 0x9e3779b1u + n + 1); }

/** u < rate·2³² as u ≤ limit, for 0 < rate < 1. */
static inline uint32_t limitOf(double rate) {
  const double bound = rate * 4294967296.0;
  const uint64_t below = (uint64_t)bound;
  return (uint32_t)((double)below == bound ? below - 1 : below);
}

} // namespace gatewise::GW_ARCH
