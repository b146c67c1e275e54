#pragma once
// The slices' sums into the gradients, in the order of the slices: the same threads give the same bits.
#include "backward.h"

namespace gatewise::GW_ARCH {

struct BackwardRun {
  const Call& call;
  int P;
  float* history;
  const Transposes& transposes;
  float* scratch;
  size_t share;
  Gradients* done; // [P]
};

/** to[n] = Σ_p of [n] floats at from(p). */
template <class From>
static inline void addUp(int P, long n, float* to, From from) {
  memcpy(to, from(0), n * sizeof(float));
  for (int p = 1; p < P; p++) {
    const float* more = from(p);
    for (long j = 0; j < n; j++) to[j] += more[j];
  }
}

/** Rows [i0, i1) of dW or dR [*, blocks·H]. */
template <class Of>
static void addRows(int P, int blocks, int H, int i0, int i1, float* to, Of of) {
  for (int i = i0; i < i1; i++) {
    for (int block = 0; block < blocks; block++) {
      for (int j = 0; j < ceilDiv(H, NR); j++) {
        float* at = to + ((long)i * blocks + block) * H + j * NR;
        addUp(P, least(NR, H - j * NR), at, [&](int p) { return of(p).panel(block, j) + (long)i * NR; });
      }
    }
  }
}

/** dW for ids: rows of δA [B·T, cols] added up by id, columns [c0, c1). */
static void scatter(const Call& call, int c0, int c1) {
  const long cols = (long)call.plan.wBlocks() * call.H;
  for (int i = 0; i < call.I; i++) memset(call.dW + i * cols + c0, 0, (c1 - c0) * sizeof(float));
  for (int row = 0; row < call.B; row++) {
    for (int t = 0; t < call.T; t++) {
      if (!call.real(row, t)) continue;
      const long at = (long)row * call.T + t;
      const float* from = call.dA + at * cols;
      float* to = call.dW + call.id[at] * cols;
      for (int c = c0; c < c1; c++) to[c] += from[c];
    }
  }
}

/** What thread p adds up. */
static void finish(const BackwardRun& run, int p) {
  const Call& call = run.call;
  const Plan& plan = call.plan;
  const int P = run.P, H = call.H, Hp = widthOf(call), w = plan.wBlocks();
  const Gradients* of = run.done;
  auto cut = [&](long n, int q) { return (int)(n * q / P); };
  if (call.ids) scatter(call, cut((long)w * H, p), cut((long)w * H, p + 1));
  else addRows(P, w, H, cut(call.I, p), cut(call.I, p + 1), call.dW, [&](int q) { return of[q].W; });
  if (call.dR) {
    addRows(P, plan.rBlocks(), H, cut(H, p), cut(H, p + 1), call.dR, [&](int q) { return of[q].R; });
  }
  if (p > 0) return;
  for (int g = 0; g < plan.G; g++) {
    addUp(P, H, call.db + (long)g * H, [&](int q) { return of[q].b + (long)g * Hp; });
  }
  for (int v = 0; v < plan.V; v++) {
    addUp(P, H, call.dvectors[v], [&](int q) { return of[q].w + (long)v * Hp; });
  }
}

/** Enough for the largest slice; every size grows with its rows. */
static size_t backwardShare(const Call& call, const Transposes& transposes, int P) {
  Arena count{nullptr};
  BackwardSlice(call, transposes, {0, ceilDiv(call.B, P)}, nullptr, count);
  return count.used;
}

static Gradients* takeDone(int P, Arena& arena) {
  return (Gradients*)arena.take(P * sizeof(Gradients) / sizeof(float) + 1);
}

/** With ids and no δA asked for, one is needed for dW all the same. */
static float* takeRows(const Call& call, Arena& arena) {
  const bool needed = call.ids && !call.dA;
  return arena.take(needed ? (size_t)call.B * call.T * call.plan.wBlocks() * call.H : 0);
}

static size_t backwardScratch(const Call& call, int P) {
  Arena count{nullptr};
  const Transposes transposes(call, count);
  takeDone(P, count);
  takeRows(call, count);
  return count.used + P * backwardShare(call, transposes, P);
}

static void backward(const Call& asked, Runner& runner, int P, float* history, float* scratch) {
  Call call = asked;
  Arena arena{scratch};
  const Transposes transposes(call, arena);
  Gradients* done = takeDone(P, arena);
  float* rows = takeRows(call, arena);
  if (call.ids && !call.dA) call.dA = rows;
  BackwardRun run{call, P, history, transposes, scratch + arena.used, backwardShare(call, transposes, P), done};
  runner.run(P, [](int p, void* with) {
    const auto& q = *(BackwardRun*)with;
    q.transposes.W.pack(p, q.P);
    q.transposes.R.pack(p, q.P);
  }, &run);
  runner.run(P, [](int p, void* with) {
    const auto& q = *(BackwardRun*)with;
    Arena own{q.scratch + p * q.share};
    BackwardSlice slice(q.call, q.transposes, sliceOf(q.call.B, q.P, p), q.history, own);
    slice.run();
    memcpy((void*)&q.done[p], &slice.gradients, sizeof(Gradients));
  }, &run);
  runner.run(P, [](int p, void* with) { finish(*(BackwardRun*)with, p); }, &run);
}

} // namespace gatewise::GW_ARCH
