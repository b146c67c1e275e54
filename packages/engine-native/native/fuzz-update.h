#pragma once
// Updates, norms and scaling of random sizes, beside plain loops in float64; the number of threads changes no bit.
#include <cstring>
#include <memory>

#include "fuzz-dense.h"

namespace gatewise {

/** Weights with arrays of exactly their size. */
struct Weights {
  Dense make;
  std::vector<Weight> list;

  Weights(Random& r, int slots) : make(r) {
    for (int k = r.below(5); k > 0; k--) {
      const size_t n = r.chance(20) ? UPDATE_BLOCK - 2 + r.below(5) : r.chance(5) ? 9000 : sizeOrNone(r, 400);
      Weight x{n, make.filled(n), make.filled(n), {}, make.unset(n)};
      for (int s = 0; s < slots; s++) x.slots[s] = make.filled(n);
      // second moments are no less than 0
      for (size_t i = 0; slots > 0 && i < n; i++) x.slots[slots - 1][i] = std::fabs(x.slots[slots - 1][i]);
      list.push_back(x);
    }
  }
};

/** One number after a step, its slots beside it. */
inline double updated(const Update& u, double w, double g, double* s) {
  const float* k = u.numbers;
  switch (u.rule) {
    case Rule::sgd: return w - k[0] * g;
    case Rule::momentum: return s[0] = k[1] * s[0] + g, w - k[0] * s[0];
    case Rule::nesterov: return s[0] = k[1] * s[0] + g, w - k[0] * (g + k[1] * s[0]);
    case Rule::rmsprop: return s[0] = k[1] * s[0] + k[2] * g * g, w - k[0] * g / (std::sqrt(s[0]) + k[3]);
    default: break;
  }
  s[0] = k[2] * s[0] + k[3] * g, s[1] = k[4] * s[1] + k[5] * g * g;
  const double down = k[0] * s[0] / (k[1] * std::sqrt(s[1]) + k[6]);
  return w - (u.rule == Rule::adamw ? down + k[7] * w : down);
}

inline bool updateIsRight(const Update& u, const Weight& x, const std::vector<std::vector<float>>& before, size_t i) {
  double s[MAX_SLOTS] = {};
  for (size_t k = 0; k < before.size(); k++) s[k] = before[k][i];
  bool right = isClose(x.out[i], updated(u, x.w[i], x.g[i], s), 1);
  for (size_t k = 0; k < before.size(); k++) right = right && isClose(x.slots[k][i], s[k], 1);
  return right;
}

inline bool fuzzRule(Random& r, Runner& pool, int P, const Kernels& k) {
  Update u{};
  u.rule = (Rule)r.below((int)Rule::count);
  for (float& number : u.numbers) number = .05f + .9f * std::fabs(r.number());
  Weights weights(r, SLOTS[(int)u.rule]);
  u.weights = weights.list.data(), u.count = (int)weights.list.size();
  std::vector<std::vector<std::vector<float>>> before;
  for (const Weight& x : weights.list) {
    before.emplace_back();
    for (int s = 0; s < SLOTS[(int)u.rule]; s++) before.back().emplace_back(x.slots[s], x.slots[s] + x.n);
  }
  k.update.update(u, pool, P);
  for (int j = 0; j < u.count; j++) {
    for (size_t i = 0; i < weights.list[j].n; i++) {
      if (updateIsRight(u, weights.list[j], before[j], i)) continue;
      std::printf("an update is wrong: %s rule %d n %zu at %zu\n", k.name, (int)u.rule, weights.list[j].n, i);
      return false;
    }
  }
  return true;
}

inline bool fuzzNorm(Random& r, Runner& pool, int P, const Kernels& k) {
  Weights weights(r, 0);
  size_t blocks = 0;
  for (const Weight& x : weights.list) blocks += blocksOf(x);
  std::vector<double> shared(blocks), alone(blocks);
  k.update.sumSquares(weights.list.data(), (int)weights.list.size(), shared.data(), pool, P);
  k.update.sumSquares(weights.list.data(), (int)weights.list.size(), alone.data(), pool, 1);
  if (blocks > 0 && std::memcmp(shared.data(), alone.data(), blocks * sizeof(double)) != 0) {
    return std::printf("threads change a norm: %s P%d\n", k.name, P), false;
  }
  double got = 0, wanted = 0;
  for (const double s : shared) got += s;
  for (const Weight& x : weights.list) {
    for (size_t i = 0; i < x.n; i++) wanted += (double)x.w[i] * x.w[i];
  }
  if (std::fabs(got - wanted) > 1e-12 * wanted) return std::printf("a norm is wrong: %s\n", k.name), false;
  for (const Weight& x : weights.list) {
    k.update.scale(x, wanted, pool, P);
    for (size_t i = 0; i < x.n; i++) {
      if (x.out[i] != (float)(wanted * x.w[i])) return std::printf("a scaling is wrong: %s\n", k.name), false;
    }
  }
  return true;
}

/** One call of each, on any number of threads. */
inline bool fuzzUpdate(Random& r, Runner& pool, const Kernels& k) {
  const int P = 1 + r.below(4);
  return fuzzRule(r, pool, P, k) && fuzzNorm(r, pool, P, k);
}

} // namespace gatewise
