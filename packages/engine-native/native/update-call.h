#pragma once
// What a step does to weights and gradients after backward. Plain data, as in call.h.
#include <cstddef>
#include <cstdint>

namespace gatewise {

struct Runner;

/** In the order of `updateRules` in packages/kernels/src/updates.ts. */
enum class Rule : int32_t { sgd, momentum, nesterov, rmsprop, adam, adamw, count };
constexpr int SLOTS[] = {0, 1, 1, 1, 2, 2}, NUMBERS[] = {1, 2, 2, 4, 7, 8};
constexpr int MAX_SLOTS = 2, MAX_NUMBERS = 8;

/** Threads share work by blocks of this many floats, so that results do not depend on their number. */
constexpr size_t UPDATE_BLOCK = 4096;

/** One array, or one weight's arrays; n floats each. */
struct Weight {
  size_t n;
  const float* w;
  const float* g;
  float* slots[MAX_SLOTS];
  float* out; // may be w
};

struct Update {
  Rule rule;
  float numbers[MAX_NUMBERS];
  const Weight* weights; // [count]
  int count;
};

struct UpdateKernels {
  void (*update)(const Update& update, Runner& runner, int P);
  /** Σ w² of each block of each weight, in float64: sums [blocks]. */
  void (*sumSquares)(const Weight* weights, int count, double* sums, Runner& runner, int P);
  /** out = factor · w */
  void (*scale)(const Weight& weight, double factor, Runner& runner, int P);
};

inline size_t blocksOf(const Weight& weight) { return (weight.n + UPDATE_BLOCK - 1) / UPDATE_BLOCK; }

} // namespace gatewise
