#pragma once
// A slice of the batch through all time steps; no thread waits for another, unless they share one row.
#include "draw.h"
#include "meet.h"
#include "pack.h"
#include "vm.h"

namespace gatewise::GW_ARCH {

/** Below this many rows over all steps, packing would cost more than it saves. */
constexpr long FEW_ROWS = 8;

struct Weights {
  Packing W, R;
  float* bias; // [G,Hp]

  Weights(const Call& call, Arena& arena) {
    const Plan& p = call.plan;
    const int H = call.H;
    const long w = p.wBlocks(), r = p.rBlocks();
    const bool direct = (long)call.B * call.T <= FEW_ROWS;
    W = Packing(call.ids ? nullptr : call.W, (int)w, call.I, H, w * H, false, direct, arena);
    R = Packing(call.R, (int)r, H, H, r * H, false, direct, arena);
    bias = arena.take((size_t)p.G * widthOf(call));
  }
};

struct ForwardSlice {
  const Call& call;
  const Weights& weights;
  Slice slice;
  Meeting& meeting;
  int Hp;
  int end; // of the columns that are units
  History history;
  float* gate[MAX_GATES];      // [m,Hp] each
  float* exported[MAX_INDEX];  // [m,Hp] each
  float* drop;                 // [m,Hp]
  uint8_t* row;                // [H]
  Vm vm;

  ForwardSlice(const Call& call, const Weights& weights, Slice slice, Meeting& meeting, float* base, Arena& arena)
      : call(call), weights(weights), slice(slice), meeting(meeting), Hp(widthOf(call)), end(least(slice.c1, call.H)),
        history(historyOf(call, slice, base)), vm(call, slice, Hp, arena) {
    const size_t plane = (size_t)slice.m * Hp;
    for (int g = 0; g < call.plan.G; g++) gate[g] = arena.take(plane);
    for (int e = 0; e < call.plan.exports; e++) exported[e] = arena.take(plane);
    drop = arena.take(plane);
    row = (uint8_t*)arena.take(Hp);
  }

  void run() {
    const Plan& p = call.plan;
    vm.start(call);
    for (int g = 0; g < p.G; g++) vm.plane(GATE, g, gate[g]);
    for (int e = 0; e < p.exports; e++) vm.plane(EXPORT, e, exported[e]);
    for (int k = 0; k < p.S; k++) {
      toPlane(call.state0[k], call.H, slice, call.H, Hp, history.state[k](0));
    }
    meeting.wait();
    for (int n = 0; n < call.T; n++) step(n);
    for (int k = 0; k < p.S; k++) {
      fromPlane(history.state[k](call.T), Hp, slice, call.H, call.last[k], call.H);
    }
  }

 private:
  void step(int n) {
    const Plan& p = call.plan;
    const int t = call.time(n);
    const bool dropped = call.drop != Drop::none;
    for (int k = 0; k < p.S; k++) {
      vm.plane(STATE, k, history.state[k](n));
      vm.plane(NEXT, k, history.state[k](n + 1));
    }
    for (int f = 0; f < p.saved; f++) vm.plane(SAVED, f, history.saved[f](n));
    if (dropped && dropChanges(call, n)) dropPlane(call, slice, t, row, drop);
    const float* h = history.state[0](n);
    if (dropped && p.readsH()) {
      multiply(h, drop, slice, Hp, history.dropped(n));
      h = history.dropped(n);
      meeting.wait();
    }
    preActivations(t, h, false);
    if (p.operand) {
      float* u = history.u(n);
      vm.plane(U, 0, u);
      vm.run(p.operandForward);
      if (dropped) multiply(u, drop, slice, Hp, u);
      meeting.wait();
      preActivations(t, u, true);
    }
    vm.run(p.forward);
    hold(n, t);
    output(n, t);
    meeting.wait();
  }

  /** a = x_t W + b + v R for the gates that wait for u (fed), or for the others. v [m,Hp] */
  void preActivations(int t, const float* v, bool fed) {
    for (int g = 0; g < call.plan.G; g++) {
      const Gate& gt = call.plan.gates[g];
      if (gt.fed != fed) continue;
      const float* bias = weights.bias + (long)g * Hp;
      const bool reads = gt.w >= 0;
      Factor factors[2];
      int n = 0;
      if (reads && !call.ids) {
        const float* x = call.x + ((long)slice.row0 * call.T + t) * call.I; // [m,I]
        factors[n++] = {x, (long)call.T * call.I, &weights.W.panels, gt.w};
      }
      if (gt.r >= 0) factors[n++] = {v, Hp, &weights.R.panels, gt.r};
      const bool fill = (reads && call.ids) || n == 0 || (n == 1 && reads && call.I == 0);
      if (fill) fillBias(t, g, bias);
      const float* init = fill ? nullptr : bias;
      if (n > 0) products(slice.m, slice.c0 / NR, slice.c1 / NR, factors, n, init, gate[g], Hp);
    }
  }

  /** a = b, for ids plus a row of W. */
  void fillBias(int t, int g, const float* bias) {
    const int w = call.ids ? call.plan.gates[g].w : -1, H = call.H;
    const long cols = (long)call.plan.wBlocks() * H;
    for (int r = 0; r < slice.m; r++) {
      float* a = gate[g] + (long)r * Hp;
      copyColumns(bias, slice.c0, slice.c1, a);
      if (w < 0 || !call.real(slice.row0 + r, t)) continue;
      const float* from = call.W + call.id[(long)(slice.row0 + r) * call.T + t] * cols + (long)w * H;
      for (int j = slice.c0; j < end; j++) a[j] += from[j];
    }
  }

  /** Zoneout, then masked rows: what holds is s_{t-1}, by selection. */
  void hold(int n, int t) {
    for (int k = 0; k < call.plan.S; k++) {
      const float* prev = history.state[k](n);
      float* next = history.state[k](n + 1);
      if (call.zoneHolds(k)) zoneHold(k, t, prev, next);
      for (int r = 0; call.mask && r < slice.m; r++) {
        if (call.real(slice.row0 + r, t)) continue;
        copyColumns(prev + (long)r * Hp, slice.c0, slice.c1, next + (long)r * Hp);
      }
    }
  }

  void zoneHold(int k, int t, const float* prev, float* next) {
    const float rho = (float)call.zoneRate[k], rest = (float)(1 - call.zoneRate[k]);
    for (int r = 0; r < slice.m; r++, prev += Hp, next += Hp) {
      if (call.zone == Zone::expect) {
        // ρ s_{t-1} + (1 − ρ) s_t
        for (int j = slice.c0; j < slice.c1; j++) next[j] = prev[j] * rho + next[j] * rest;
        continue;
      }
      const uint8_t* held = holdRow(call, k, t, slice.row0 + r, row);
      for (int j = slice.c0; j < end; j++) next[j] = held[j] ? prev[j] : next[j];
    }
  }

  void output(int n, int t) {
    const float* h = history.state[0](n + 1);
    float* y = call.y + ((long)slice.row0 * call.T + t) * call.H;
    for (int r = 0; r < slice.m; r++, h += Hp, y += (long)call.T * call.H) {
      if (call.padHold || call.real(slice.row0 + r, t)) copyColumns(h, slice.c0, end, y);
      else zeroColumns(slice.c0, end, y);
    }
  }
};

struct ForwardRun {
  const Call& call;
  int P;
  float* history;
  const Weights& weights;
  float* scratch;
  size_t share;
  Meeting meeting;
};

static size_t forwardShare(const Call& call, const Weights& weights, int P) {
  Arena count{nullptr};
  Meeting alone(1);
  ForwardSlice(call, weights, largestSlice(call, widthOf(call), P), alone, nullptr, count);
  return count.used;
}

static size_t forwardScratch(const Call& call, int P) {
  Arena count{nullptr};
  const Weights weights(call, count);
  return count.used + P * forwardShare(call, weights, P);
}

static void forward(const Call& call, Runner& runner, int P, float* history, float* scratch) {
  Arena arena{scratch};
  const Weights weights(call, arena);
  const int Hp = widthOf(call);
  toPlane(call.b, call.H, {0, call.plan.G, 0, Hp}, call.H, Hp, weights.bias);
  ForwardRun run{call,    P, history, weights, scratch + arena.used, forwardShare(call, weights, P),
                 Meeting(byColumns(call, P) ? P : 1)};
  runner.run(P, [](int p, void* with) {
    const auto& q = *(ForwardRun*)with;
    q.weights.W.pack(p, q.P);
    q.weights.R.pack(p, q.P);
  }, &run);
  runner.run(P, [](int p, void* with) {
    auto& q = *(ForwardRun*)with;
    Arena own{q.scratch + p * q.share};
    const Slice slice = sliceOf(q.call, widthOf(q.call), q.P, p);
    ForwardSlice(q.call, q.weights, slice, q.meeting, q.history, own).run();
  }, &run);
}

} // namespace gatewise::GW_ARCH
