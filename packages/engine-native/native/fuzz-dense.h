#pragma once
// Products, losses and sums of random sizes, 0 and 1 among them, beside plain loops in float64.
#include <cstdio>
#include <vector>

#include "call.h"
#include "fuzz-random.h"

namespace gatewise {

/** Arrays of exactly the size asked for. */
struct Dense {
  Random& r;
  std::vector<Exact*> owned;

  explicit Dense(Random& r) : r(r) {}
  ~Dense() {
    for (auto* one : owned) delete one;
  }
  float* unset(size_t n) {
    owned.push_back(new Exact(n));
    return owned.back()->at;
  }
  float* filled(size_t n) {
    float* at = unset(n);
    for (size_t i = 0; i < n; i++) at[i] = r.number();
    return at;
  }
  int32_t* ids(size_t n, int below) {
    auto* at = (int32_t*)(void*)unset(n);
    for (size_t i = 0; i < n; i++) at[i] = r.below(below);
    return at;
  }
};

inline int sizeOrNone(Random& r, int most) { return r.chance(4) ? 0 : size(r, most); }

/** Terms is how many numbers of about 1 were summed. */
inline bool isClose(double got, double wanted, double terms) { return std::fabs(got - wanted) <= 2e-6 * (terms + 4); }

inline double activation(Activation f, double x) {
  switch (f) {
    case Activation::relu: return x < 0 ? 0 : x;
    case Activation::logistic: return 1 / (1 + std::exp(-x));
    case Activation::tanh: return std::tanh(x);
    case Activation::exp: return std::exp(x);
    case Activation::elu: return x < 0 ? std::exp(x) - 1 : x;
    default: return x;
  }
}

inline double productAt(const Product& q, int batch, int i, int j) {
  const float* a = q.a + (q.repeatA ? 0 : (size_t)batch * q.m * q.k);
  const float* b = q.b + (q.repeatB ? 0 : (size_t)batch * q.k * q.n);
  double sum = q.bias ? q.bias[j] : 0;
  for (int k = 0; k < q.k; k++) {
    sum += (double)(q.transposeA ? a[(size_t)k * q.m + i] : a[(size_t)i * q.k + k]) *
           (q.transposeB ? b[(size_t)j * q.k + k] : b[(size_t)k * q.n + j]);
  }
  return activation(q.activation, sum);
}

inline bool fuzzProduct(Random& r, Runner& pool, int P, const Kernels& k) {
  Dense make(r);
  const bool deep = r.chance(5), tall = r.chance(5);
  Product q{};
  q.batches = r.chance(60) ? 1 : sizeOrNone(r, 5);
  q.m = tall ? 200 + r.below(200) : sizeOrNone(r, 70), q.n = sizeOrNone(r, 140);
  q.k = deep ? 600 + r.below(900) : sizeOrNone(r, 90);
  q.transposeA = r.chance(50), q.transposeB = r.chance(50), q.repeatA = r.chance(20), q.repeatB = r.chance(20);
  q.activation = (Activation)r.below((int)Activation::exp);
  q.a = make.filled((size_t)(q.repeatA ? 1 : q.batches) * q.m * q.k);
  q.b = make.filled((size_t)(q.repeatB ? 1 : q.batches) * q.k * q.n);
  q.bias = r.chance(50) ? make.filled(q.n) : nullptr;
  q.c = make.unset((size_t)q.batches * q.m * q.n);
  const Exact scratch(k.dense.productScratch(q, P));
  k.dense.product(q, pool, P, scratch.at);
  for (int s = 0; s < q.batches; s++) {
    for (int i = 0; i < q.m; i++) {
      for (int j = 0; j < q.n; j++) {
        const double got = q.c[((size_t)s * q.m + i) * q.n + j], wanted = productAt(q, s, i, j);
        if (isClose(got, wanted, std::sqrt(q.k + 1.0) * 4)) continue;
        std::printf("a product is wrong: %s %d×[%d,%d,%d] A%s%s B%s%s at %d %d %d: %g, not %g\n", k.name, q.batches,
                    q.m, q.n, q.k, q.transposeA ? "t" : "", q.repeatA ? "r" : "", q.transposeB ? "t" : "",
                    q.repeatB ? "r" : "", s, i, j, got, wanted);
        return false;
      }
    }
  }
  return true;
}

/** Compares one row; its loss and gradient in float64. */
inline bool rowIsRight(const CrossEntropy& q, int row, double w) {
  const float* z = q.logits + (size_t)row * q.classes;
  auto y = [&](int c) -> double {
    return q.ids ? q.ids[row] == c : q.targets[(size_t)row * q.classes + c];
  };
  double s = 0, total = 0, dot = 0;
  for (int c = 0; c < q.classes; c++) s += std::exp((double)z[c]), total += y(c), dot += y(c) * z[c];
  bool right = isClose(q.losses[row], w * (total * std::log(s) - dot), 4.0 * q.classes);
  for (int c = 0; q.gradient && c < q.classes; c++) {
    const double wanted = w * (total * std::exp((double)z[c]) / s - y(c));
    right = right && isClose(q.gradient[(size_t)row * q.classes + c], wanted, 4.0 * q.classes);
  }
  return right;
}

inline bool fuzzLoss(Random& r, Runner& pool, int P, const Kernels& k) {
  Dense make(r);
  CrossEntropy q{};
  q.rows = sizeOrNone(r, 40), q.classes = size(r, 140);
  const size_t all = (size_t)q.rows * q.classes;
  q.logits = make.filled(all);
  if (r.chance(50)) q.ids = make.ids(q.rows, q.classes);
  else q.targets = make.filled(all);
  q.losses = make.unset(q.rows);
  q.gradient = r.chance(70) ? make.unset(all) : nullptr;
  double sum = q.rows;
  if (r.chance(50)) {
    float* mask = make.filled(q.rows);
    sum = 0;
    for (int i = 0; i < q.rows; i++) sum += mask[i] = r.chance(50);
    q.mask = mask;
  }
  const Exact scratch(k.dense.rowScratch(q.classes, P));
  k.dense.crossEntropy(q, pool, P, scratch.at);
  for (int i = 0; i < q.rows; i++) {
    if (rowIsRight(q, i, (q.mask ? q.mask[i] : 1) / (sum < 1 ? 1 : sum))) continue;
    std::printf("a loss is wrong: %s [%d,%d] row %d\n", k.name, q.rows, q.classes, i);
    return false;
  }
  return true;
}

inline bool fuzzRows(Random& r, Runner& pool, int P, const Kernels& k) {
  Dense make(r);
  const int rows = size(r, 40), width = sizeOrNone(r, 140), n = sizeOrNone(r, 90);
  int32_t* ids = make.ids(n, rows);
  const float* table = make.filled((size_t)rows * width);
  float* values = make.unset((size_t)n * width);
  k.dense.gatherRows({rows, width, n, ids, table, values}, pool, P);
  for (int i = 0; i < n * width; i++) {
    if (values[i] != table[(size_t)ids[i / width] * width + i % width]) return std::printf("a gather is wrong\n"), false;
  }
  if (n > 0) ids[r.below(n)] = r.chance(50) ? -1 : rows;
  std::vector<double> wanted((size_t)rows * width);
  for (int i = 0; i < n * width; i++) {
    const int id = ids[i / width];
    if (id >= 0 && id < rows) wanted[(size_t)id * width + i % width] += values[i];
  }
  float* sums = make.unset((size_t)rows * width);
  k.dense.scatterRows({rows, width, n, ids, values, sums}, pool, P);
  for (size_t i = 0; i < wanted.size(); i++) {
    if (!isClose(sums[i], wanted[i], n)) return std::printf("a scatter is wrong\n"), false;
  }
  return true;
}

inline bool fuzzSums(Random& r, Runner& pool, int P, const Kernels& k) {
  Dense make(r);
  const int rows = sizeOrNone(r, 300), width = sizeOrNone(r, 600);
  const float* x = make.filled((size_t)rows * width);
  float* out = make.unset(width);
  k.dense.sumRows({rows, width, x, out}, pool, P);
  for (int j = 0; j < width; j++) {
    double sum = 0;
    for (int i = 0; i < rows; i++) sum += x[(size_t)i * width + j];
    if (!isClose(out[j], sum, rows)) return std::printf("a sum is wrong: %s [%d,%d]\n", k.name, rows, width), false;
  }
  return true;
}

inline bool fuzzSoftmax(Random& r, Runner& pool, int P, const Kernels& k) {
  Dense make(r);
  const int rows = sizeOrNone(r, 40), width = sizeOrNone(r, 140);
  const float* x = make.filled((size_t)rows * width);
  float* out = make.unset((size_t)rows * width);
  const Exact scratch(k.dense.rowScratch(width, P));
  k.dense.softmax({rows, width, x, out}, pool, P, scratch.at);
  for (int i = 0; i < rows; i++) {
    double sum = 0;
    for (int j = 0; j < width; j++) sum += std::exp((double)x[(size_t)i * width + j]);
    for (int j = 0; j < width; j++) {
      const double wanted = std::exp((double)x[(size_t)i * width + j]) / sum;
      if (!isClose(out[(size_t)i * width + j], wanted, 1)) return std::printf("a softmax is wrong: %s\n", k.name), false;
    }
  }
  return true;
}

inline bool fuzzCombination(Random& r, Runner& pool, int P, const Kernels& k) {
  Dense make(r);
  Combination q{(Combine)r.below(4), sizeOrNone(r, 40), sizeOrNone(r, 140), (Spread)r.below(4), (Spread)r.below(4),
                nullptr, nullptr, nullptr};
  const size_t rows = q.rows, width = q.width, lengths[] = {rows * width, width, rows, 1};
  q.a = make.filled(lengths[(int)q.spreadA]), q.b = make.filled(lengths[(int)q.spreadB]);
  q.out = make.unset(rows * width);
  k.dense.combine(q, pool, P);
  auto at = [&](const float* x, Spread how, size_t i, size_t j) {
    const size_t places[] = {i * width + j, j, i, 0};
    return x[places[(int)how]];
  };
  for (size_t i = 0; i < rows * width; i++) {
    const float a = at(q.a, q.spreadA, i / width, i % width), b = at(q.b, q.spreadB, i / width, i % width);
    if (q.op == Combine::div && b == 0) continue; // to the sanitizer it is undefined
    const float wanted[] = {a + b, a - b, a * b, b == 0 ? 0 : a / b};
    if (q.out[i] != wanted[(int)q.op])
      return std::printf("a combination is wrong: %s, %g and %g by %d give %g\n", k.name, a, b, (int)q.op, q.out[i]), false;
  }
  return true;
}

inline bool fuzzApplication(Random& r, Runner& pool, int P, const Kernels& k) {
  Dense make(r);
  Application q{(Activation)r.below((int)Activation::count), sizeOrNone(r, 300), nullptr, nullptr};
  q.x = make.filled(q.n);
  q.out = r.chance(20) ? const_cast<float*>(q.x) : make.unset(q.n);
  const std::vector<float> x(q.x, q.x + q.n);
  k.dense.apply(q, pool, P);
  for (int i = 0; i < q.n; i++) {
    if (!isClose(q.out[i], activation(q.f, x[i]), 1)) return std::printf("a function is wrong: %s\n", k.name), false;
  }
  return true;
}

inline uint32_t hashed(uint32_t k, uint32_t n) {
  uint32_t x = k * 0x9e3779b1u + n + 1;
  x = (x ^ (x >> 16)) * 0x21f0aaadu;
  x = (x ^ (x >> 15)) * 0x735a2d97u;
  return x ^ (x >> 15);
}

inline bool fuzzDropout(Random& r, Runner& pool, int P, const Kernels& k) {
  Dense make(r);
  Dropout q{sizeOrNone(r, 20), sizeOrNone(r, 12), sizeOrNone(r, 70), (uint32_t)r.below(1 << 30) * 5u, 0, nullptr, nullptr};
  q.rate = (1 + r.below(98)) / 100.0;
  const int all = q.rows * q.steps * q.units;
  q.x = make.filled(all);
  q.out = make.unset(all);
  k.dense.dropout(q, pool, P);
  const float scale = (float)(1 / (1 - q.rate));
  for (int i = 0; i < all; i++) {
    const int unit = i % q.units, t = i / q.units % q.steps, row = i / q.units / q.steps;
    const bool drawn = hashed(hashed(hashed(q.key, t), row), unit) < q.rate * 4294967296.0;
    if (q.out[i] != q.x[i] * (drawn ? 0 : scale)) return std::printf("a dropout is wrong: %s\n", k.name), false;
  }
  return true;
}

/** One call of each, on any number of threads. */
inline bool fuzzDense(Random& r, Runner& pool, const Kernels& k) {
  const int P = 1 + r.below(4);
  return fuzzProduct(r, pool, P, k) && fuzzLoss(r, pool, P, k) && fuzzRows(r, pool, P, k) && fuzzSums(r, pool, P, k) &&
         fuzzCombination(r, pool, P, k) && fuzzApplication(r, pool, P, k) &&
         fuzzSoftmax(r, pool, P, k) && fuzzDropout(r, pool, P, k);
}

} // namespace gatewise
