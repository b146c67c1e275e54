// Updates of weights, norms and scaling for JavaScript: everything is checked before the first write.
#include "update-binding.h"

#include <algorithm>
#include <cstring>

#include "instance.h"

namespace gatewise {

namespace {

/** Threads for so many floats: below this a thread would wake too late. */
constexpr size_t SHARE = 1 << 15;
int threadsFor(size_t floats, int available) {
  return (int)std::min<size_t>(available, std::max<size_t>(1, floats / SHARE));
}

size_t floatsOf(const std::vector<Weight>& weights) {
  size_t all = 0;
  for (const Weight& x : weights) all += x.n;
  return all;
}

/** The elements of a list of arrays, `each` of them a weight. */
uint32_t countOf(napi_env env, napi_value list, uint32_t each) {
  bool is = false;
  uint32_t length = 0;
  if (napi_is_array(env, list, &is) != napi_ok || !is || napi_get_array_length(env, list, &length) != napi_ok) {
    refuse("got something else than a list of arrays");
  }
  if (length % each != 0) refuse("got " + std::to_string(length) + " arrays, wanted " + std::to_string(each) + " a weight");
  return length / each;
}

/** w g out …slots of each weight */
std::vector<Weight> readWeights(napi_env env, napi_value list, int slots) {
  const Arguments in(env);
  const uint32_t each = 3 + slots, count = countOf(env, list, each);
  std::vector<Weight> weights(count);
  for (uint32_t k = 0; k < count; k++) {
    Weight& x = weights[k];
    uint32_t at = k * each;
    x.w = in.typed<float>(in.element(list, at++), &x.n, "a weight");
    x.g = in.typed<float>(in.element(list, at++), x.n, "a gradient");
    x.out = in.typed<float>(in.element(list, at++), x.n, "a new weight");
    for (int s = 0; s < slots; s++) x.slots[s] = in.typed<float>(in.element(list, at++), x.n, "a slot");
  }
  return weights;
}

/** What is written overlaps nothing else, except new weights their own old ones. */
void checkOverlaps(const std::vector<Weight>& weights) {
  struct Range {
    const float *from, *to;
    bool written;
  };
  std::vector<Range> ranges;
  for (const Weight& x : weights) {
    if (x.n == 0) continue;
    auto add = [&](const float* at, bool written) { if (at) ranges.push_back({at, at + x.n, written}); };
    if (x.w != x.out) add(x.w, false);
    add(x.g, false), add(x.out, true), add(x.slots[0], true), add(x.slots[1], true);
  }
  std::sort(ranges.begin(), ranges.end(), [](const Range& a, const Range& b) { return a.from < b.from; });
  const float *read = nullptr, *written = nullptr; // how far what was read or written reaches
  for (const Range& r : ranges) {
    if (r.from < written || (r.written && r.from < read)) {
      refuse("got an array that is written and overlaps another; likely fix: an array of its own for each");
    }
    const float*& end = r.written ? written : read;
    end = std::max(end, r.to);
  }
}

/** update(rule, numbers, [w, g, out, …slots, w, …]) */
napi_value update(napi_env env, napi_callback_info info) {
  return guarded(env, [&]() -> napi_value {
    napi_value argv[3];
    getArguments(env, info, argv);
    Update u{};
    int32_t rule = -1;
    napi_get_value_int32(env, argv[0], &rule);
    if (rule < 0 || rule >= (int32_t)Rule::count) refuse("got an unknown update rule");
    u.rule = (Rule)rule;
    const float* numbers = Arguments(env).typed<float>(argv[1], NUMBERS[rule], "the numbers of the rule");
    std::memcpy(u.numbers, numbers, NUMBERS[rule] * sizeof(float));
    const std::vector<Weight> weights = readWeights(env, argv[2], SLOTS[rule]);
    checkOverlaps(weights);
    u.weights = weights.data(), u.count = (int)weights.size();
    Instance& self = instanceOf(env);
    self.kernels->update.update(u, self.pool, threadsFor(floatsOf(weights), self.pool.size()));
    return nullptr;
  });
}

/** sumOfSquares([x, …]) → Σ x² */
napi_value sumOfSquares(napi_env env, napi_callback_info info) {
  return guarded(env, [&]() -> napi_value {
    napi_value argv[1];
    getArguments(env, info, argv);
    const Arguments in(env);
    std::vector<Weight> arrays(countOf(env, argv[0], 1));
    size_t blocks = 0;
    for (uint32_t k = 0; k < arrays.size(); k++) {
      arrays[k].w = in.typed<float>(in.element(argv[0], k), &arrays[k].n, "an array");
      blocks += blocksOf(arrays[k]);
    }
    std::vector<double> sums(blocks);
    Instance& self = instanceOf(env);
    const int P = threadsFor(floatsOf(arrays), self.pool.size());
    self.kernels->update.sumSquares(arrays.data(), (int)arrays.size(), sums.data(), self.pool, P);
    double sum = 0;
    for (const double s : sums) sum += s;
    napi_value out;
    napi_create_double(env, sum, &out);
    return out;
  });
}

/** scale(x, factor, out) */
napi_value scale(napi_env env, napi_callback_info info) {
  return guarded(env, [&]() -> napi_value {
    napi_value argv[3];
    getArguments(env, info, argv);
    const Arguments in(env);
    std::vector<Weight> one(1);
    double factor;
    one[0].w = in.typed<float>(argv[0], &one[0].n, "x");
    if (napi_get_value_double(env, argv[1], &factor) != napi_ok) refuse("got a factor that is no number");
    one[0].out = in.typed<float>(argv[2], one[0].n, "the result");
    one[0].g = one[0].w;
    if (one[0].w != one[0].out) checkOverlaps(one);
    Instance& self = instanceOf(env);
    self.kernels->update.scale(one[0], factor, self.pool, threadsFor(one[0].n, self.pool.size()));
    return nullptr;
  });
}

} // namespace

void defineUpdate(napi_env env, napi_value exports) {
  const napi_property_descriptor properties[] = {
      {"update", nullptr, update, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"sumOfSquares", nullptr, sumOfSquares, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"scale", nullptr, scale, nullptr, nullptr, nullptr, napi_default, nullptr},
  };
  napi_define_properties(env, exports, sizeof properties / sizeof *properties, properties);
}

} // namespace gatewise
