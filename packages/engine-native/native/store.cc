#include "store.h"

#include <cstdlib>
#include <new>
#ifdef __linux__
#include <sys/mman.h>
#endif

namespace gatewise {

namespace {
constexpr size_t LARGE = 2 << 20, MOST_BLOCKS = 16, MOST_BYTES = (size_t)512 << 20;

Block allocate(size_t bytes) {
  const size_t unit = bytes >= LARGE ? LARGE : 4096;
  const size_t rounded = (bytes + unit - 1) / unit * unit;
  void* at = nullptr;
  if (rounded < bytes || posix_memalign(&at, unit, rounded) != 0) throw std::bad_alloc();
#if defined(__linux__) && defined(MADV_HUGEPAGE)
  if (unit == LARGE) madvise(at, rounded, MADV_HUGEPAGE);
#endif
  return {(float*)at, rounded};
}
} // namespace

Store::~Store() {
  for (auto& b : free) std::free(b.at);
}

Block Store::take(size_t floats) {
  const size_t bytes = (floats + 16) * sizeof(float);
  if (bytes / sizeof(float) < floats) throw std::bad_alloc();
  {
    std::lock_guard<std::mutex> lock(mutex);
    size_t best = free.size();
    for (size_t i = 0; i < free.size(); i++) {
      const bool fits = free[i].bytes >= bytes && free[i].bytes <= 2 * bytes + LARGE;
      if (fits && (best == free.size() || free[i].bytes < free[best].bytes)) best = i;
    }
    if (best < free.size()) {
      const Block b = free[best];
      free.erase(free.begin() + (long)best);
      freeBytes -= b.bytes;
      return b;
    }
  }
  return allocate(bytes);
}

void Store::give(Block block) {
  if (!block.at) return;
  std::lock_guard<std::mutex> lock(mutex);
  free.push_back(block);
  freeBytes += block.bytes;
  while (free.size() > MOST_BLOCKS || freeBytes > MOST_BYTES) {
    freeBytes -= free.front().bytes;
    std::free(free.front().at);
    free.erase(free.begin());
  }
}

void Reserve::release() {
  if (!block.at) return;
  store->give(block);
  store->live--;
  block = {};
}

} // namespace gatewise
