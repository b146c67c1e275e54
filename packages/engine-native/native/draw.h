#pragma once
// The counter hash of core's random.ts, and the masks that are drawn by it.
#include "layout.h"

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

/** held[j] = 0xff where unit j of this row and step is drawn. */
static void drawRow(uint32_t key, int t, int row, double rate, int H, uint8_t* held) {
  const uint32_t k = foldKey(foldKey(key, t), row), limit = limitOf(rate);
  for (int j = 0; j < H; j++) held[j] = foldKey(k, j) <= limit ? 0xff : 0;
}

/** The multiplier of R's operand at step t → plane [m,Hp]; padding 0. */
static void dropPlane(const Call& call, const Slice& slice, int t, uint8_t* row, float* plane) {
  const int H = call.H, Hp = widthOf(call);
  const int step = call.dropPerStep ? t : 0;
  const float scale = (float)(1 / (1 - call.dropRate));
  for (int r = 0; r < slice.m; r++, plane += Hp) {
    const long at = slice.row0 + r;
    memset(plane + H, 0, (Hp - H) * sizeof(float));
    if (call.drop == Drop::mask) {
      memcpy(plane, call.dropMask + (call.dropPerStep ? at * call.T + t : at) * H, H * sizeof(float));
      continue;
    }
    drawRow(call.dropKey, step, (int)at, call.dropRate, H, row);
    for (int j = 0; j < H; j++) plane[j] = row[j] ? 0 : scale;
  }
}

/** Which units of state k hold at step t in a row: drawn into `row`, or the given mask. */
static const uint8_t* holdRow(const Call& call, int k, int t, int at, uint8_t* row) {
  if (call.zone == Zone::mask) return call.holds[k] + ((long)at * call.T + t) * call.H;
  drawRow(foldKey(call.zoneKey, k), t, at, call.zoneRate[k], call.H, row);
  return row;
}

static inline bool dropChanges(const Call& call, int n) { return n == 0 || call.dropPerStep; }

/** d [m,Hp] ← a ⊗ b, in the slice's columns */
static void multiply(const float* a, const float* b, const Slice& slice, int Hp, float* d) {
  for (long r = 0; r < slice.m; r++) {
    for (long i = r * Hp + slice.c0; i < r * Hp + slice.c1; i += VL) store(d + i, load(a + i) * load(b + i));
  }
}

} // namespace gatewise::GW_ARCH
