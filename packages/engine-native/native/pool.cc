#include "pool.h"

#include <cstdlib>

namespace gatewise {

namespace {
/** Rounds of looking before a thread sleeps: the phases of a call follow each other within microseconds. */
constexpr int LOOKS = 4000;

inline void relax() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}
} // namespace

int threadsWanted() {
  const char* text = std::getenv("GATEWISE_THREADS");
  int n = text ? std::atoi(text) : 0;
  if (n < 1) n = (int)std::thread::hardware_concurrency();
  return n < 1 ? 1 : n > 64 ? 64 : n;
}

Pool::Pool(int size) {
  threads.reserve(size - 1);
  try {
    for (int p = 1; p < size; p++) threads.emplace_back([this, p] { work(p); });
  } catch (const std::exception&) {
    // a system that gives no more threads: fewer serve too
  }
}

Pool::~Pool() {
  {
    std::lock_guard<std::mutex> lock(mutex);
    stopping = true;
    round++;
  }
  wake.notify_all();
  for (auto& t : threads) t.join();
}

void Pool::run(int P, void (*given)(int, void*), void* data) {
  const int all = P;
  if (P > size()) P = size();
  if (P > 1) {
    std::lock_guard<std::mutex> lock(mutex);
    task = given;
    with = data;
    wanted = P;
    left.store(P - 1, std::memory_order_relaxed);
    round.fetch_add(1, std::memory_order_release);
  }
  if (P > 1) wake.notify_all();
  given(0, data);
  for (int p = P; p < all; p++) given(p, data);
  for (int look = 0; P > 1 && left.load(std::memory_order_acquire) > 0; look++) {
    if (look < LOOKS) relax();
    else std::this_thread::yield();
  }
}

bool Pool::waitFor(uint32_t seen) {
  for (int look = 0; look < LOOKS; look++) {
    if (round.load(std::memory_order_acquire) != seen) return !stopping;
    relax();
  }
  std::unique_lock<std::mutex> lock(mutex);
  wake.wait(lock, [&] { return round.load(std::memory_order_acquire) != seen; });
  return !stopping;
}

void Pool::work(int p) {
  uint32_t seen = 0;
  while (waitFor(seen)) {
    // the caller waits for those it wanted; the others may come late and read the next round's wish
    std::unique_lock<std::mutex> lock(mutex);
    seen = round.load(std::memory_order_relaxed);
    const bool mine = p < wanted;
    auto* todo = task;
    auto* data = with;
    lock.unlock();
    if (!mine) continue;
    todo(p, data);
    left.fetch_sub(1, std::memory_order_release);
  }
}

} // namespace gatewise
