#pragma once
// How far the vectorised functions are from the exact values, in units in the last place.
#include "call.h"

namespace gatewise {

struct UlpResult {
  double worst; // ulp
  float at;
  double count;
};

/** function: 0 exp, 1 logistic, 2 tanh; every `stride`-th float of [low, high]. */
UlpResult worstUlp(const Kernels& kernels, Runner& runner, int P, int function, float low, float high, uint32_t stride);

} // namespace gatewise
