#pragma once
// Runs a stage of bytecode over planes [m,Hp], a chunk of whole rows at a time (or of a part of one long row).
#include "math.h"

namespace gatewise::GW_ARCH {

constexpr int CHUNK = 512;

/** Where a slot lies: how its address moves with the chunk. */
struct Place {
  float* at;
  bool plane;  // moves with the chunk
  bool column; // moves with its first column
  float* in(long offset, long col) const { return at + (plane ? offset : 0) + (column ? col : 0); }
};
struct Bound {
  Op op;
  Place d, a, b, c;
};

template <class F>
static inline void each(int n, float* d, F f) {
  for (int i = 0; i < n; i += VL) store(d + i, f(i));
}

/** d[n] ← op(a[n], b[n], c[n]); n is a multiple of NR. */
static void execute(Op op, int n, float* d, const float* a, const float* b, const float* c) {
  switch (op) {
    case MOV: return each(n, d, [=](int i) { return load(a + i); });
    case ZERO: return each(n, d, [=](int) { return V{}; });
    case ADD: return each(n, d, [=](int i) { return load(a + i) + load(b + i); });
    case SUB: return each(n, d, [=](int i) { return load(a + i) - load(b + i); });
    case MUL: return each(n, d, [=](int i) { return load(a + i) * load(b + i); });
    case NEG: return each(n, d, [=](int i) { return -load(a + i); });
    case SIGMOID: return each(n, d, [=](int i) { return logistic(load(a + i)); });
    case TANH: return each(n, d, [=](int i) { return vtanh(load(a + i)); });
    case RELU: return each(n, d, [=](int i) { return relu(load(a + i)); });
    case STEP: return each(n, d, [=](int i) { return step(load(a + i)); });
    case MAD: return each(n, d, [=](int i) { return load(a + i) * load(b + i) + load(c + i); });
    case NMAD: return each(n, d, [=](int i) { return load(c + i) - load(a + i) * load(b + i); });
    case OP_COUNT: return;
  }
}

struct Vm {
  Slice slice;
  int Hp, rows; // rows a chunk, 0: a chunk is a part of a row
  Place places[KIND_COUNT][MAX_INDEX];
  Bound* bound;    // [longest stage]
  float *registers, *constants, *vectors;

  Vm(const Call& call, const Slice& slice, int Hp, Arena& arena)
      : slice(slice), Hp(Hp), rows(slice.c1 - slice.c0 == Hp ? CHUNK / Hp : 0) {
    const Plan& p = call.plan;
    int longest = most(p.operandForward.length, p.forward.length);
    longest = most(longest, most(p.backward.length, p.operandBackward.length));
    bound = (Bound*)arena.take((size_t)longest * sizeof(Bound) / sizeof(float));
    registers = arena.take((size_t)p.registers * CHUNK);
    constants = arena.take((size_t)p.constants * CHUNK);
    vectors = arena.take((size_t)p.V * most(Hp, CHUNK));
  }

  /** Registers, constants and vectors, once the memory is there. */
  void start(const Call& call) {
    const Plan& p = call.plan;
    const int width = most(Hp, CHUNK);
    for (int r = 0; r < p.registers; r++) places[REGISTER][r] = {registers + (long)r * CHUNK, false, false};
    for (int k = 0; k < p.constants; k++) {
      float* at = constants + (long)k * CHUNK;
      for (int i = 0; i < CHUNK; i++) at[i] = p.pool[k];
      places[CONSTANT][k] = {at, false, false};
    }
    for (int v = 0; v < p.V; v++) {
      float* at = vectors + (long)v * width; // the vector [H], again and again
      for (int i = 0; i < width; i++) at[i] = i % Hp < call.H ? call.vectors[v][i % Hp] : 0;
      places[VECTOR][v] = {at, false, true};
    }
  }
  void plane(Kind kind, int index, float* at) { places[kind][index] = {at, true, false}; }

  void run(const Stage& stage) {
    if (stage.length == 0) return;
    for (int i = 0; i < stage.length; i++) {
      const Instruction& s = stage.code[i];
      bound[i] = {s.op, place(s.d), place(s.a), place(s.b), place(s.c)};
    }
    if (rows > 0) {
      for (int r = 0; r < slice.m; r += rows) chunk(stage.length, least(rows, slice.m - r) * Hp, (long)r * Hp, 0);
      return;
    }
    for (int r = 0; r < slice.m; r++) {
      for (int k = slice.c0; k < slice.c1; k += CHUNK) {
        chunk(stage.length, least(CHUNK, slice.c1 - k), (long)r * Hp + k, k);
      }
    }
  }

 private:
  const Place& place(const Slot& s) const { return places[s.kind][s.index]; }
  void chunk(int length, int n, long offset, long col) {
    for (int i = 0; i < length; i++) {
      const Bound& s = bound[i];
      execute(s.op, n, s.d.in(offset, col), s.a.in(offset, col), s.b.in(offset, col), s.c.in(offset, col));
    }
  }
};

} // namespace gatewise::GW_ARCH
