#include "ulp.h"

#include <cmath>
#include <cstring>
#include <vector>

namespace gatewise {

namespace {
double exact(int function, double x) {
  if (function == 0) return std::exp(x);
  if (function == 2) return std::tanh(x);
  return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x));
}

/** The distance between floats near `value`, at least the smallest one. */
double ulpAt(double value) {
  int exponent;
  std::frexp(value, &exponent);
  return std::ldexp(1.0, exponent - 24 < -149 ? -149 : exponent - 24);
}

/** Floats in order as integers: −x counts down from 0. */
float fromOrder(int64_t k) {
  const uint32_t bits = k >= 0 ? (uint32_t)k : 0x80000000u | (uint32_t)-k;
  float x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}
int64_t toOrder(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return bits & 0x80000000u ? -(int64_t)(bits & 0x7fffffffu) : (int64_t)bits;
}

struct Scan {
  const Kernels& kernels;
  int P, function;
  int64_t first, last, stride;
  std::vector<UlpResult> results;

  void run(int p) {
    constexpr int N = 1024;
    alignas(64) float x[N], y[N];
    UlpResult& out = results[p];
    const int64_t count = (last - first) / stride + 1;
    for (int64_t i = count * p / P, end = count * (p + 1) / P; i < end; i += N) {
      const int n = (int)(end - i < N ? end - i : N);
      for (int j = 0; j < N; j++) x[j] = fromOrder(first + (i + (j < n ? j : 0)) * stride);
      kernels.math(function, x, y, N);
      for (int j = 0; j < n; j++) compare(x[j], y[j], out);
      out.count += n;
    }
  }
  void compare(float x, float y, UlpResult& out) const {
    const double wanted = exact(function, x);
    if ((double)y == wanted || (std::isinf(y) && wanted > 3.4028235677973366e38)) return;
    const double off = std::fabs((double)y - wanted) / ulpAt(wanted);
    if (off <= out.worst) return;
    out.worst = off;
    out.at = x;
  }
};
} // namespace

UlpResult worstUlp(const Kernels& kernels, Runner& runner, int P, int function, float low, float high,
                   uint32_t stride) {
  Scan scan{kernels, P, function, toOrder(low), toOrder(high), stride, std::vector<UlpResult>(P)};
  runner.run(P, [](int p, void* with) { ((Scan*)with)->run(p); }, &scan);
  UlpResult all{};
  for (const auto& r : scan.results) {
    all.count += r.count;
    if (r.worst > all.worst || std::isnan(r.worst)) all.worst = r.worst, all.at = r.at;
  }
  return all;
}

} // namespace gatewise
