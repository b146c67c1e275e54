#pragma once
// A fixed set of threads that wait for tasks. One pool an environment; a call runs on it alone.
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "call.h"

namespace gatewise {

class Pool final : public Runner {
 public:
  explicit Pool(int size);
  ~Pool();
  int size() const { return (int)threads.size() + 1; }
  void run(int P, void (*task)(int p, void* with), void* with) override;

 private:
  void work(int p);
  bool waitFor(uint32_t seen);

  std::vector<std::thread> threads;
  std::mutex mutex;
  std::condition_variable wake;
  std::atomic<uint32_t> round{0};
  std::atomic<int> left{0};
  std::atomic<bool> stopping{false};
  int wanted = 0;
  void (*task)(int, void*) = nullptr;
  void* with = nullptr;
};

/** GATEWISE_THREADS, or one a core. */
int threadsWanted();

} // namespace gatewise
