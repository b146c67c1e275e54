#pragma once
// Where the threads that share one row wait for each other.
#include <sched.h>

#include "vec.h"

namespace gatewise::GW_ARCH {

/** The builtins of the compiler: see call.h about templates. */
struct Meeting {
  int size;
  int missing;
  uint32_t round = 0;

  explicit Meeting(int size) : size(size), missing(size) {}
  void wait() {
    if (size == 1) return;
    const uint32_t mine = __atomic_load_n(&round, __ATOMIC_RELAXED);
    if (__atomic_sub_fetch(&missing, 1, __ATOMIC_ACQ_REL) == 0) {
      __atomic_store_n(&missing, size, __ATOMIC_RELAXED);
      __atomic_store_n(&round, mine + 1, __ATOMIC_RELEASE);
      return;
    }
    constexpr int LOOKS = 4000;
    for (int look = 0; __atomic_load_n(&round, __ATOMIC_ACQUIRE) == mine; look++) {
      if (look > LOOKS) sched_yield();
#if defined(__x86_64__)
      else __builtin_ia32_pause();
#endif
    }
  }
};

} // namespace gatewise::GW_ARCH
