#pragma once
// What a sequence is made of: plain data, shared by the binding, the kernels of every instruction set and the fuzzer.
// Plain arrays on purpose: a standard template compiled with AVX-512 must not end up in code that runs without it.
#include <cstddef>
#include <cstdint>

#include "dense-call.h"
#include "update-call.h"

namespace gatewise {

constexpr int MAX_STATES = 16, MAX_GATES = 32, MAX_VECTORS = 32, MAX_SAVED = 64, MAX_REGISTERS = 64;
constexpr int MAX_CONSTANTS = 64, MAX_INDEX = 64, MAX_CODE = 4096;

enum Op : int32_t { MOV, ZERO, ADD, SUB, MUL, NEG, SIGMOID, TANH, RELU, STEP, MAD, NMAD, OP_COUNT };

/** What an instruction reads and writes. */
enum Kind : int32_t {
  REGISTER,
  CONSTANT,
  VECTOR,
  GATE,     // forward: pre-activation a; backward: δa
  STATE,    // s_{t-1}
  NEXT,     // s_t
  SAVED,    // a field of the record
  EXPORT,   // from the operand stage to the forward stage
  U,        // operand
  DSTATE,   // δs_t
  PREVIOUS, // δs_{t-1}
  DVECTOR,  // δw
  DU,       // δ of the operand
  KIND_COUNT
};

struct Slot {
  Kind kind;
  int32_t index;
};
/** d ← op(a, b, c), over planes. */
struct Instruction {
  Op op;
  Slot d, a, b, c;
};
struct Stage {
  const Instruction* code; // [length]
  int length;
};
/** Which block of H columns of W and of R a gate reads; −1: none. `fed`: R multiplies u instead of h. */
struct Gate {
  int w, r;
  bool fed;
};

/** A cell as bytecode. */
struct Plan {
  int S, G, V;                      // states, gates, vectors
  int registers, saved, exports, constants;
  bool operand;                     // there is a u
  Gate gates[MAX_GATES];
  bool kept[MAX_STATES];            // backward reads s_{t-1} or s_t
  float pool[MAX_CONSTANTS];
  Stage operandForward, forward, backward, operandBackward;

  int wBlocks() const {
    int n = 0;
    for (int g = 0; g < G; g++) n += gates[g].w >= 0;
    return n;
  }
  int rBlocks() const {
    int n = 0;
    for (int g = 0; g < G; g++) n += gates[g].r >= 0;
    return n;
  }
  bool readsH() const {
    for (int g = 0; g < G; g++)
      if (gates[g].r >= 0 && !gates[g].fed) return true;
    return false;
  }
  bool readsU() const {
    for (int g = 0; g < G; g++)
      if (gates[g].r >= 0 && gates[g].fed) return true;
    return false;
  }
};

enum class Drop { none, draw, mask };
enum class Zone { none, draw, expect, mask };

/** One sequence: sizes, options, tensors. T time, B batch, I features, H units. */
struct Call {
  Plan plan;
  int B, T, I, H;
  bool ids, reverse, padHold, record, probe;
  Drop drop;
  bool dropPerStep;
  uint32_t dropKey;
  double dropRate;
  Zone zone;
  uint32_t zoneKey;
  double zoneRate[MAX_STATES];

  const float* x;                      // [B,T,I]
  const int32_t* id;                   // [B,T]
  const float* W;                      // [I, wBlocks·H]
  const float* R;                      // [H, rBlocks·H]
  const float* b;                      // [G·H]
  const float* vectors[MAX_VECTORS];   // [H] each
  const float* state0[MAX_STATES];     // [B,H] each, or null
  const uint8_t* mask;                 // [B,T], or null
  const float* dropMask;               // [B,H] or [B,T,H]
  const uint8_t* holds[MAX_STATES];    // [B,T,H] each, or null

  float* y;                            // [B,T,H]
  float* last[MAX_STATES];             // [B,H] each

  const float* dy;                     // [B,T,H]
  const float* dlast[MAX_STATES];      // [B,H] each
  float* dx;                           // [B,T,I], or null
  float* dA;                           // [B·T, wBlocks·H], or null
  float* dW;                           // [I, wBlocks·H]
  float* dR;                           // [H, rBlocks·H]
  float* db;                           // [G·H]
  float* dvectors[MAX_VECTORS];        // [H] each
  float* dstate0[MAX_STATES];          // [B,H] each
  float* dprobe;                       // [B,T,S·H], or null

  /** The time step that is done n-th. */
  int time(int n) const { return reverse ? T - 1 - n : n; }
  bool real(int row, int t) const { return !mask || mask[(size_t)row * T + t]; }
  bool zoneHolds(int k) const {
    if (zone == Zone::none) return false;
    return zone == Zone::mask ? holds[k] != nullptr : zoneRate[k] > 0;
  }
};

/** Runs task(p) for p in [0, P) and returns when all are done. */
struct Runner {
  virtual void run(int P, void (*task)(int p, void* with), void* with) = 0;

 protected:
  ~Runner() = default;
};

/** The kernels of one instruction set. All memory is the caller's, 64-byte aligned. */
struct Kernels {
  const char* name;
  /** Floats that one sequence keeps: what backward reads of forward. */
  size_t (*historySize)(const Call& call);
  size_t (*forwardScratch)(const Call& call, int P);
  size_t (*backwardScratch)(const Call& call, int P);
  void (*forward)(const Call& call, Runner& runner, int P, float* history, float* scratch);
  void (*backward)(const Call& call, Runner& runner, int P, float* history, float* scratch);
  /** exp, logistic, tanh of n floats, n a multiple of 16. */
  void (*math)(int function, const float* in, float* out, int n);
  DenseKernels dense;
  UpdateKernels update;
};

const Kernels* kernelsBaseline();
const Kernels* kernelsAvx2();
const Kernels* kernelsAvx512();

} // namespace gatewise
