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
  float* shared;   // δa of the only row, [2,G,Hp], or null
  Meeting meeting;
};

/** to[n] = Σ of [n] floats at from(q) over the slices q that have a panel: all, or the one whose columns it is in. */
template <class From>
static inline void addUp(const BackwardRun& run, int panel, long n, float* to, From from) {
  int q = 0, end = run.P;
  if (byColumns(run.call, run.P)) {
    while (panel >= run.done[q].first + run.done[q].panels) q++;
    end = q + 1;
  }
  memcpy(to, from(run.done[q], panel - run.done[q].first), n * sizeof(float));
  for (q++; q < end; q++) {
    const float* more = from(run.done[q], panel - run.done[q].first);
    for (long j = 0; j < n; j++) to[j] += more[j];
  }
}

/** Every panel of a row of H columns: to[H] = Σ from(gradients, panel). */
template <class From>
static void addPanels(const BackwardRun& run, float* to, From from) {
  const int H = run.call.H;
  for (int j = 0; j < ceilDiv(H, NR); j++) addUp(run, j, least(NR, H - j * NR), to + j * NR, from);
}

/** Rows [i0, i1) of dW or dR [*, blocks·H]. */
static void addRows(const BackwardRun& run, Sums Gradients::*sums, int blocks, int i0, int i1, float* to) {
  for (int i = i0; i < i1; i++) {
    for (int block = 0; block < blocks; block++) {
      addPanels(run, to + ((long)i * blocks + block) * run.call.H, [&](const Gradients& of, int panel) {
        return (of.*sums).panel(block, panel) + (long)i * NR;
      });
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
  const int P = run.P, H = call.H, w = plan.wBlocks();
  auto from = [&](long n) { return cut(n, P, p); };
  auto to = [&](long n) { return cut(n, P, p + 1); };
  if (call.ids) scatter(call, from((long)w * H), to((long)w * H));
  else addRows(run, &Gradients::W, w, from(call.I), to(call.I), call.dW);
  if (call.dR) addRows(run, &Gradients::R, plan.rBlocks(), from(H), to(H), call.dR);
  if (p > 0) return;
  for (int g = 0; g < plan.G; g++) {
    addPanels(run, call.db + (long)g * H, [&](const Gradients& of, int panel) {
      return of.b + ((long)g * of.panels + panel) * NR;
    });
  }
  for (int v = 0; v < plan.V; v++) {
    addPanels(run, call.dvectors[v], [&](const Gradients& of, int panel) {
      return of.w + ((long)v * of.panels + panel) * NR;
    });
  }
}

static size_t backwardShare(const Call& call, const Transposes& transposes, int P) {
  Arena count{nullptr};
  const Slice slice = largestSlice(call, widthOf(call), P), inputs = largestSlice(call, roundUp(call.I, NR), P);
  Meeting alone(1);
  BackwardSlice(call, transposes, slice, inputs, alone, nullptr, nullptr, count);
  return count.used;
}

static Gradients* takeDone(int P, Arena& arena) {
  return (Gradients*)arena.take(P * sizeof(Gradients) / sizeof(float) + 1);
}

static float* takeShared(const Call& call, int P, Arena& arena) {
  return byColumns(call, P) ? arena.take((size_t)2 * call.plan.G * widthOf(call)) : nullptr;
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
  takeShared(call, P, count);
  return count.used + P * backwardShare(call, transposes, P);
}

static void backward(const Call& asked, Runner& runner, int P, float* history, float* scratch) {
  Call call = asked;
  Arena arena{scratch};
  const Transposes transposes(call, arena);
  Gradients* done = takeDone(P, arena);
  float* rows = takeRows(call, arena);
  if (call.ids && !call.dA) call.dA = rows;
  float* shared = takeShared(call, P, arena);
  BackwardRun run{call,   P, history, transposes, scratch + arena.used, backwardShare(call, transposes, P), done,
                  shared, Meeting(byColumns(call, P) ? P : 1)};
  runner.run(P, [](int p, void* with) {
    const auto& q = *(BackwardRun*)with;
    q.transposes.W.pack(p, q.P);
    q.transposes.R.pack(p, q.P);
  }, &run);
  runner.run(P, [](int p, void* with) {
    auto& q = *(BackwardRun*)with;
    Arena own{q.scratch + p * q.share};
    const Slice rows = sliceOf(q.call, widthOf(q.call), q.P, p);
    const Slice inputs = sliceOf(q.call, roundUp(q.call.I, NR), q.P, p);
    BackwardSlice slice(q.call, q.transposes, rows, inputs, q.meeting, q.shared, q.history, own);
    slice.run();
    memcpy((void*)&q.done[p], &slice.gradients, sizeof(Gradients));
  }, &run);
  runner.run(P, [](int p, void* with) { finish(*(BackwardRun*)with, p); }, &run);
}

} // namespace gatewise::GW_ARCH
