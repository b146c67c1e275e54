#pragma once
// The masks that are drawn by the counter hash.
#include "hash.h"
#include "layout.h"

namespace gatewise::GW_ARCH {

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
