#pragma once
// Backpropagation through time for a slice of the batch, t = T…1; the weights' gradients are gathered in chunks.
#include "meet.h"
#include "weights.h"

namespace gatewise::GW_ARCH {

struct Transposes {
  Packing W, R;
  Transposes(const Call& call, Arena& arena) {
    const Plan& p = call.plan;
    const long w = p.wBlocks(), r = p.rBlocks();
    W = Packing(call.dx ? call.W : nullptr, (int)w, call.H, call.I, w * call.H, true, false, arena);
    R = Packing(call.R, (int)r, call.H, call.H, r * call.H, true, false, arena);
  }
};

struct BackwardSlice {
  const Call& call;
  const Transposes& transposes;
  Slice slice;
  Meeting& meeting;
  int Hp, Ip;
  int end; // of the columns that are units
  Slice inputs; // the same share of x's columns
  long plane;
  History history;
  float *d[MAX_STATES], *prev[MAX_STATES];     // δs_t, δs_{t-1} [m,Hp]
  float *next[MAX_STATES], *pass[MAX_STATES];  // zoneout's halves [m,Hp]
  float* gates[2];                             // [G,m,Hp], by turns where threads share a row
  float* gate[MAX_GATES];                      // δa [m,Hp]
  float* dw[MAX_VECTORS];                      // [m,Hp]
  float *du, *through, *drop, *dx;             // [m,Hp]; dx [m,Ip]
  uint8_t* row;                                // [H]
  Vm vm;
  Gradients gradients;

  /** `shared`: δa of a row that several threads work on, [2,G,Hp]; null: this slice has its own. */
  BackwardSlice(const Call& call, const Transposes& transposes, Slice slice, Slice inputs, Meeting& meeting,
                float* shared, float* base, Arena& arena)
      : call(call), transposes(transposes), slice(slice), meeting(meeting), Hp(widthOf(call)),
        Ip(roundUp(call.I, NR)), end(least(slice.c1, call.H)), inputs(inputs), plane((long)slice.m * Hp),
        history(historyOf(call, slice, base)), vm(call, slice, Hp, arena), gradients(call, slice, arena) {
    const Plan& p = call.plan;
    for (int k = 0; k < p.S; k++) {
      d[k] = arena.take(plane);
      prev[k] = arena.take(plane);
      next[k] = call.zoneHolds(k) ? arena.take(plane) : nullptr;
      pass[k] = call.zoneHolds(k) ? arena.take(plane) : nullptr;
    }
    gates[0] = shared ? shared : arena.take(p.G * plane);
    gates[1] = shared ? shared + p.G * plane : gates[0];
    for (int v = 0; v < p.V; v++) dw[v] = arena.take(plane);
    du = arena.take(plane);
    through = arena.take(plane);
    drop = arena.take(plane);
    dx = arena.take(call.dx ? (size_t)slice.m * Ip : 0);
    row = (uint8_t*)arena.take(Hp);
  }

  void run() {
    const Plan& p = call.plan;
    vm.start(call);
    gradients.start();
    for (int v = 0; v < p.V; v++) vm.plane(DVECTOR, v, dw[v]);
    vm.plane(DU, 0, du);
    for (int k = 0; k < p.S; k++) toPlane(call.dlast[k], call.H, slice, call.H, Hp, d[k]);
    for (int n = call.T - 1; n >= 0; n--) step(n);
    for (int k = 0; k < p.S; k++) fromPlane(d[k], Hp, slice, call.H, call.dstate0[k], call.H);
  }

 private:
  void step(int n) {
    const Plan& p = call.plan;
    const int t = call.time(n);
    for (int g = 0; g < p.G; g++) vm.plane(GATE, g, gate[g] = gates[n % 2] + g * plane);
    arrive(t);
    for (int k = 0; k < p.S; k++) {
      if (call.zoneHolds(k)) splitHold(k, t);
      vm.plane(DSTATE, k, call.zoneHolds(k) ? next[k] : d[k]);
      vm.plane(PREVIOUS, k, prev[k]);
      vm.plane(STATE, k, history.state[k](n));
      vm.plane(NEXT, k, history.state[k](n + 1));
    }
    for (int f = 0; f < p.saved; f++) vm.plane(SAVED, f, history.saved[f](n));
    if (call.drop != Drop::none && (n == call.T - 1 || call.dropPerStep)) dropPlane(call, slice, t, row, drop);
    vm.run(p.backward);
    meeting.wait();
    if (p.operand && p.readsU()) {
      // δu = δa R_uᵀ, then its share of δa and δs_{t-1}
      multiplyBack(true, du, false);
      vm.run(p.operandBackward);
      meeting.wait();
    }
    // δh_{t-1} += δa R_hᵀ
    if (p.readsH()) multiplyBack(false, prev[0], true);
    for (int k = 0; k < p.S; k++) {
      if (call.zoneHolds(k)) addPass(k);
    }
    maskRows(t);
    inputGradient(t);
    gradients.take(call, slice, n, history, gate, dw);
    for (int k = 0; k < p.S; k++) {
      float* old = d[k];
      d[k] = prev[k];
      prev[k] = old;
    }
  }

  /** δh_t += dY_t; the probe sees δs_t. */
  void arrive(int t) {
    const int H = call.H, S = call.plan.S;
    for (int r = 0; r < slice.m; r++) {
      const long at = (long)(slice.row0 + r) * call.T + t;
      float* dh = d[0] + (long)r * Hp;
      if (call.padHold || call.real(slice.row0 + r, t)) {
        for (int j = slice.c0; j < end; j++) dh[j] += call.dy[at * H + j];
      }
      for (int k = 0; call.probe && k < S; k++) {
        copyColumns(d[k] + (long)r * Hp, slice.c0, end, call.dprobe + (at * S + k) * H);
      }
    }
  }

  /** δs_t → what goes into the cell's backward (next), and what passes by it (pass). */
  void splitHold(int k, int t) {
    const float rho = (float)call.zoneRate[k], rest = (float)(1 - call.zoneRate[k]);
    for (int r = 0; r < slice.m; r++) {
      const long at = (long)r * Hp;
      const float* all = d[k] + at;
      if (call.zone == Zone::expect) {
        for (int j = slice.c0; j < slice.c1; j++) next[k][at + j] = all[j] * rest, pass[k][at + j] = all[j] * rho;
        continue;
      }
      const uint8_t* held = holdRow(call, k, t, slice.row0 + r, row);
      for (int j = slice.c0; j < slice.c1; j++) {
        const bool holds = j < call.H && held[j];
        next[k][at + j] = holds ? 0 : all[j];
        pass[k][at + j] = holds ? all[j] : 0;
      }
    }
  }
  /** f at every vector of the slice. */
  template <class F>
  void eachColumn(F f) const {
    for (long r = 0; r < slice.m; r++) {
      for (long i = r * Hp + slice.c0; i < r * Hp + slice.c1; i += VL) f(i);
    }
  }
  void addPass(int k) {
    eachColumn([&](long i) { store(prev[k] + i, load(prev[k] + i) + load(pass[k] + i)); });
  }

  /** out [m,Hp] (+)= δa Rᵀ ⊙ dropout over the gates that u feeds, or over the others that read h. */
  void multiplyBack(bool fed, float* out, bool add) {
    const bool dropped = call.drop != Drop::none;
    Factor factors[MAX_GATES];
    int n = 0;
    for (int g = 0; g < call.plan.G; g++) {
      const Gate& gt = call.plan.gates[g];
      if (gt.r >= 0 && gt.fed == fed) factors[n++] = {gate[g], Hp, &transposes.R.panels, gt.r};
    }
    float* to = dropped && add ? through : out;
    if (to != out || !add) eachColumn([&](long i) { store(to + i, V{}); });
    products(slice.m, slice.c0 / NR, slice.c1 / NR, factors, n, nullptr, to, Hp);
    if (!dropped) return;
    if (!add) return multiply(out, drop, slice, Hp, out);
    eachColumn([&](long i) { store(out + i, load(out + i) + load(through + i) * load(drop + i)); });
  }

  /** A masked row sends nothing into the cell; its gradient passes straight through. */
  void maskRows(int t) {
    if (!call.mask) return;
    meeting.wait();
    const int c0 = slice.c0, c1 = slice.c1;
    for (int r = 0; r < slice.m; r++) {
      if (call.real(slice.row0 + r, t)) continue;
      const long at = (long)r * Hp;
      for (int g = 0; g < call.plan.G; g++) zeroColumns(c0, c1, gate[g] + at);
      for (int v = 0; v < call.plan.V; v++) zeroColumns(c0, c1, dw[v] + at);
      for (int k = 0; k < call.plan.S; k++) copyColumns(d[k] + at, c0, c1, prev[k] + at);
    }
    meeting.wait();
  }

  /** dX_t = δa Wᵀ [m,I], or δa itself for later. */
  void inputGradient(int t) {
    const Plan& p = call.plan;
    const int H = call.H, cols = p.wBlocks() * H;
    Factor factors[MAX_GATES];
    int n = 0;
    for (int g = 0; g < p.G; g++) {
      const int w = p.gates[g].w;
      if (w < 0) continue;
      factors[n++] = {gate[g], Hp, &transposes.W.panels, w};
      if (call.dA) fromPlane(gate[g], Hp, slice, H, call.dA + (long)t * cols + (long)w * H, (long)call.T * cols);
    }
    if (!call.dx) return;
    for (int r = 0; r < inputs.m; r++) zeroColumns(inputs.c0, inputs.c1, dx + (long)r * Ip);
    products(inputs.m, inputs.c0 / NR, inputs.c1 / NR, factors, n, nullptr, dx, Ip);
    fromPlane(dx, Ip, inputs, call.I, call.dx + (long)t * call.I, (long)call.T * call.I);
  }
};

} // namespace gatewise::GW_ARCH
