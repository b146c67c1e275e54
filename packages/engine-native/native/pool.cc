#include "pool.h"

#include <chrono>
#include <cstdlib>

namespace gatewise {

namespace {
/**
 * How long a thread looks for work before it sleeps: from one op of a step to the next, which JavaScript leads to. To wake a
 * thread costs as much as a small op.
 */
constexpr std::chrono::microseconds AWAKE{200};
/** Looks between two looks at the clock; for so long a caller waits before it lets others run. */
constexpr int LOOKS = 64, PATIENCE = 4000;
/** Of the word that announces a round; the rest is its number. */
constexpr int WANTED_BITS = 8;
constexpr uint32_t WANTED_MASK = (1 << WANTED_BITS) - 1;

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
  stopping = true;
  announce(size());
  for (auto& t : threads) t.join();
}

void Pool::announce(int wanted) {
  {
    // whoever is about to sleep has looked, or will
    std::lock_guard<std::mutex> lock(mutex);
    const uint32_t number = (round.load(std::memory_order_relaxed) >> WANTED_BITS) + 1;
    round.store(number << WANTED_BITS | (uint32_t)wanted, std::memory_order_release);
  }
  wake.notify_all();
}

void Pool::run(int P, void (*given)(int, void*), void* data) {
  const int all = P;
  if (P > size()) P = size();
  if (P > 1) {
    task = given;
    with = data;
    left.store(P - 1, std::memory_order_relaxed);
    announce(P);
  }
  given(0, data);
  for (int p = P; p < all; p++) given(p, data);
  for (int look = 0; P > 1 && left.load(std::memory_order_acquire) > 0; look++) {
    if (look < PATIENCE) relax();
    else std::this_thread::yield();
  }
}

uint32_t Pool::next(uint32_t seen) {
  const auto until = std::chrono::steady_clock::now() + AWAKE;
  do {
    for (int look = 0; look < LOOKS; look++) {
      const uint32_t now = round.load(std::memory_order_acquire);
      if (now != seen) return now;
      relax();
    }
  } while (std::chrono::steady_clock::now() < until);
  std::unique_lock<std::mutex> lock(mutex);
  wake.wait(lock, [&] { return round.load(std::memory_order_acquire) != seen; });
  return round.load(std::memory_order_acquire);
}

void Pool::work(int p) {
  for (uint32_t seen = next(0); !stopping; seen = next(seen)) {
    // a round that wants this thread waits for it: what it is to do stays; the others must not look, they may be late
    if (p >= (int)(seen & WANTED_MASK)) continue;
    task(p, with);
    left.fetch_sub(1, std::memory_order_release);
  }
}

} // namespace gatewise
