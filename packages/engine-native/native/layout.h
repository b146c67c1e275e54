#pragma once
// The memory of a sequence: for every slice of the batch, planes [m,Hp] by field and step.
#include "vec.h"

namespace gatewise::GW_ARCH {

static inline int widthOf(const Call& call) { return roundUp(call.H, NR); }

/** Planes by step; what backward does not read keeps only the last few. */
struct Ring {
  float* at;
  long plane;
  int depth;
  float* operator()(int n) const { return at + (n % depth) * plane; }
};

/** What forward writes; with `record` on, what backward reads. */
struct History {
  Ring state[MAX_STATES]; // state[k](n): before step n; n + 1: after it
  Ring saved[MAX_SAVED];
  Ring dropped;           // h_{t-1} after its dropout
  Ring u;                 // the operand after its dropout
  long planes = 0;

  History(const Call& call, int m, float* base) {
    const Plan& p = call.plan;
    const long plane = (long)m * widthOf(call);
    auto ring = [&](int depth) {
      Ring r{base ? base + planes * plane : nullptr, plane, depth};
      planes += depth;
      return r;
    };
    const int all = call.record ? call.T : 1;
    for (int k = 0; k < p.S; k++) state[k] = ring(call.record && p.kept[k] ? call.T + 1 : 2);
    for (int f = 0; f < p.saved; f++) saved[f] = ring(all);
    dropped = ring(call.drop != Drop::none && p.readsH() ? all : 0);
    u = ring(p.operand ? all : 0);
  }
};

static size_t historySize(const Call& call) {
  return (size_t)History(call, 1, nullptr).planes * call.B * widthOf(call);
}
/** The part of a slice: slices lie one after the other. */
static History historyOf(const Call& call, const Slice& slice, float* base) {
  const size_t planes = History(call, 1, nullptr).planes;
  return History(call, slice.m, base + planes * slice.row0 * widthOf(call));
}

/** Columns [c0, c1) of n floats: copied, or zeros. */
static inline void copyColumns(const float* from, int c0, int c1, float* to) {
  if (c1 > c0) memcpy(to + c0, from + c0, (c1 - c0) * sizeof(float));
}
static inline void zeroColumns(int c0, int c1, float* to) {
  if (c1 > c0) memset(to + c0, 0, (c1 - c0) * sizeof(float));
}

/** The slice's part of a tensor [B, H] (of [B, *, H] with a row stride) → plane [m,Hp]; padding zero; null is zeros. */
static void toPlane(const float* from, long stride, const Slice& slice, int H, int Hp, float* plane) {
  const int end = least(slice.c1, H);
  for (int r = 0; r < slice.m; r++, plane += Hp) {
    if (from) copyColumns(from + (slice.row0 + r) * stride, slice.c0, end, plane);
    else zeroColumns(slice.c0, end, plane);
    zeroColumns(most(slice.c0, H), slice.c1, plane);
  }
}
static void fromPlane(const float* plane, int Hp, const Slice& slice, int H, float* to, long stride) {
  const int end = least(slice.c1, H);
  for (int r = 0; r < slice.m; r++, plane += Hp) {
    copyColumns(plane, slice.c0, end, to + (slice.row0 + r) * stride);
  }
}

} // namespace gatewise::GW_ARCH
