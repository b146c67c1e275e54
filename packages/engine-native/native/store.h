#pragma once
// Memory that is used again: fresh pages cost more than the arithmetic on them.
#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include "call.h"

namespace gatewise {

struct Block {
  float* at = nullptr; // 64-byte aligned
  size_t bytes = 0;
};

class Store {
 public:
  ~Store();
  /** Throws std::bad_alloc. */
  Block take(size_t floats);
  void give(Block block);
  /** Reserves that wait for their backward. */
  std::atomic<int> live{0};

 private:
  std::mutex mutex;
  std::vector<Block> free;
  size_t freeBytes = 0;
};

/** A block for the length of a scope. */
struct Borrowed {
  Store& store;
  Block block;
  Borrowed(Store& store, size_t floats) : store(store), block(store.take(floats)) {}
  ~Borrowed() { store.give(block); }
  Borrowed(const Borrowed&) = delete;
  Borrowed& operator=(const Borrowed&) = delete;
};

/** What one recorded sequence keeps until its backward. */
struct Reserve {
  std::shared_ptr<Store> store;
  Block block;
  int P;
  size_t floats;
  const Kernels* kernels;
  Reserve(std::shared_ptr<Store> store, Block block, int P, size_t floats, const Kernels* kernels)
      : store(std::move(store)), block(block), P(P), floats(floats), kernels(kernels) {
    this->store->live++;
  }
  Reserve(const Reserve&) = delete;
  ~Reserve() { release(); }
  void release();
};

} // namespace gatewise
