#pragma once
// Which kernels this processor runs.
#include <cstring>

#include "call.h"

namespace gatewise {

/** The n-th instruction set that works here, the best first; null after the last. */
inline const Kernels* kernelsHere(int n) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                    __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
  const bool fused = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (wide && fused && n-- == 0) return kernelsAvx512();
  if (fused && n-- == 0) return kernelsAvx2();
#endif
  return n == 0 ? kernelsBaseline() : nullptr;
}

/** By name, null when it does not work here. */
inline const Kernels* kernelsNamed(const char* name) {
  for (int n = 0; const Kernels* k = kernelsHere(n); n++) {
    if (std::strcmp(k->name, name) == 0) return k;
  }
  return nullptr;
}

/** Threads for a call: small work is done before a thread would wake; the columns of one row meet at every step. */
inline int threadsFor(const Call& call, int available) {
  const double step = 2.0 * call.plan.G * call.H * (call.I * !call.ids + call.H), flops = step * call.B * call.T;
  if (flops < 2e6) return 1;
  if (call.B > 1) return available < call.B ? available : call.B;
  const int worth = (int)(step / 5e4), panels = (call.H + 31) / 32, most = worth < panels ? worth : panels;
  return most < 1 ? 1 : available < most ? available : most;
}

} // namespace gatewise
