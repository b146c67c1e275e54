// Products, losses, gathers and sums for JavaScript: every size and length is checked before any memory is touched.
#include "dense-binding.h"
#include "instance.h"

namespace gatewise {

namespace {

/** Sizes of matrices, each below 2³⁰; an array's length is a product of them, below 2⁴⁰. */
size_t lengthOf(double a, double b, double c = 1) {
  const double n = a * b * c;
  if (n > (double)((int64_t)1 << 40)) refuse("got arrays of more than 2^40 elements");
  return (size_t)n;
}
void checkSizes(const int32_t* sizes, int count) {
  for (int i = 0; i < count; i++) {
    if (sizes[i] < 0 || sizes[i] > 1 << 30) refuse("got a size of " + std::to_string(sizes[i]));
  }
}

/** Threads for this many operations: small work is done before a thread would wake. */
int threadsFor(double operations, int available) { return operations < 1e6 ? 1 : available; }

/** batches m n k transposeA transposeB repeatA repeatB activation */
constexpr size_t SHAPE = 9;

Product readProduct(const Arguments& in, const napi_value* argv) {
  const int32_t* s = in.typed<int32_t>(argv[0], SHAPE, "the shape");
  checkSizes(s, 4);
  if (s[8] < 0 || s[8] >= (int32_t)Activation::count) refuse("got an unknown activation");
  Product q{s[0], s[1], s[2], s[3], s[4] != 0, s[5] != 0, s[6] != 0, s[7] != 0, (Activation)s[8],
            nullptr, nullptr, nullptr, nullptr};
  q.a = in.typed<float>(argv[1], lengthOf(q.repeatA ? 1 : q.batches, q.m, q.k), "A");
  q.b = in.typed<float>(argv[2], lengthOf(q.repeatB ? 1 : q.batches, q.k, q.n), "B");
  q.bias = in.optional<float>(argv[3], (size_t)q.n, "the bias");
  q.c = in.typed<float>(argv[4], lengthOf(q.batches, q.m, q.n), "C");
  return q;
}

/** product(shape, A, B, bias, C) */
napi_value product(napi_env env, napi_callback_info info) {
  return called<5>(env, info, [&](const napi_value* argv, Instance& self) -> napi_value {
    Product q = readProduct(Arguments(env), argv);
    if (q.batches == 0) return nullptr;
    // the batches of one B are the rows of one product
    if (q.repeatB && !q.repeatA && !q.transposeA && (double)q.batches * q.m <= 1 << 30) q.m *= q.batches, q.batches = 1;
    const DenseKernels& k = self.kernels->dense;
    const int P = threadsFor(2.0 * q.batches * q.m * q.n * q.k, self.pool.size());
    Borrowed scratch(*self.store, k.productScratch(q, P));
    k.product(q, self.pool, P, scratch.block.at);
    return nullptr;
  });
}

CrossEntropy readCrossEntropy(const Arguments& in, const napi_value* argv) {
  const int32_t* s = in.typed<int32_t>(argv[0], 2, "the shape");
  checkSizes(s, 2);
  CrossEntropy q{s[0], s[1], nullptr, nullptr, nullptr, nullptr, nullptr, nullptr};
  if (q.classes == 0) refuse("got no classes");
  const size_t all = lengthOf(q.rows, q.classes);
  q.logits = in.typed<float>(argv[1], all, "the logits");
  q.ids = in.optional<int32_t>(argv[2], q.rows, "the ids");
  q.targets = in.optional<float>(argv[3], all, "the targets");
  q.mask = in.optional<float>(argv[4], q.rows, "the mask");
  q.gradient = in.optional<float>(argv[5], all, "the gradient");
  if (!q.ids == !q.targets) refuse("got ids and distributions, or none of them");
  for (int i = 0; q.ids && i < q.rows; i++) {
    if (q.ids[i] >= 0 && q.ids[i] < q.classes) continue;
    throw Fault{"GW_ENGINE_IDS", "got the target " + std::to_string(q.ids[i]) + ", wanted 0 to " +
                                     std::to_string(q.classes - 1)};
  }
  return q;
}

/** crossEntropy(shape, logits, ids, targets, mask, gradient) → the mean */
napi_value crossEntropy(napi_env env, napi_callback_info info) {
  return called<6>(env, info, [&](const napi_value* argv, Instance& self) -> napi_value {
    CrossEntropy q = readCrossEntropy(Arguments(env), argv);
    const DenseKernels& k = self.kernels->dense;
    const int P = threadsFor(20.0 * q.rows * q.classes, self.pool.size());
    Borrowed scratch(*self.store, k.rowScratch(q.classes, P));
    Borrowed losses(*self.store, q.rows);
    q.losses = losses.block.at;
    k.crossEntropy(q, self.pool, P, scratch.block.at);
    double sum = 0;
    for (int i = 0; i < q.rows; i++) sum += q.losses[i];
    napi_value out;
    napi_create_double(env, sum, &out);
    return out;
  });
}

/** (shape, ids, from, to); shape: rows width n */
RowsById readRows(const Arguments& in, const napi_value* argv, bool gather) {
  const int32_t* s = in.typed<int32_t>(argv[0], 3, "the shape");
  checkSizes(s, 3);
  RowsById q{s[0], s[1], s[2], nullptr, nullptr, nullptr};
  q.ids = in.typed<int32_t>(argv[1], q.n, "the ids");
  const size_t table = lengthOf(q.rows, q.width), values = lengthOf(q.n, q.width);
  q.from = in.typed<float>(argv[2], gather ? table : values, gather ? "the table" : "the values");
  q.to = in.typed<float>(argv[3], gather ? values : table, gather ? "the values" : "the table");
  for (int i = 0; gather && i < q.n; i++) {
    if (q.ids[i] >= 0 && q.ids[i] < q.rows) continue;
    throw Fault{"GW_ENGINE_IDS", "got the id " + std::to_string(q.ids[i]) + ", wanted 0 to " + std::to_string(q.rows - 1)};
  }
  return q;
}

/** gatherRows(shape, ids, table, values), scatterRows(shape, ids, values, table) */
template <bool Gather>
napi_value moveRows(napi_env env, napi_callback_info info) {
  return called<4>(env, info, [&](const napi_value* argv, Instance& self) -> napi_value {
    const RowsById q = readRows(Arguments(env), argv, Gather);
    const DenseKernels& k = self.kernels->dense;
    const int P = threadsFor((double)q.n * q.width + (Gather ? 0.0 : (double)q.rows * q.width), self.pool.size());
    (Gather ? k.gatherRows : k.scatterRows)(q, self.pool, P);
    return nullptr;
  });
}

/** sumRows(shape, x, out) */
napi_value sumRows(napi_env env, napi_callback_info info) {
  return called<3>(env, info, [&](const napi_value* argv, Instance& self) -> napi_value {
    const Arguments in(env);
    const int32_t* s = in.typed<int32_t>(argv[0], 2, "the shape");
    checkSizes(s, 2);
    const float* x = in.typed<float>(argv[1], lengthOf(s[0], s[1]), "x");
    const Matrix q{s[0], s[1], x, in.typed<float>(argv[2], s[1], "the sums")};
    self.kernels->dense.sumRows(q, self.pool, threadsFor((double)q.rows * q.width, self.pool.size()));
    return nullptr;
  });
}

/** softmax(shape, x, out) */
napi_value softmax(napi_env env, napi_callback_info info) {
  return called<3>(env, info, [&](const napi_value* argv, Instance& self) -> napi_value {
    const Arguments in(env);
    const int32_t* s = in.typed<int32_t>(argv[0], 2, "the shape");
    checkSizes(s, 2);
    const size_t all = lengthOf(s[0], s[1]);
    const float* x = in.typed<float>(argv[1], all, "x");
    const Matrix q{s[0], s[1], x, in.typed<float>(argv[2], all, "the result")};
    const int P = threadsFor(20.0 * q.rows * q.width, self.pool.size());
    Borrowed scratch(*self.store, self.kernels->dense.rowScratch(q.width, P));
    self.kernels->dense.softmax(q, self.pool, P, scratch.block.at);
    return nullptr;
  });
}

size_t spreadLength(int32_t how, int rows, int width) {
  switch ((Spread)how) {
    case Spread::full: return lengthOf(rows, width);
    case Spread::row: return width;
    case Spread::column: return rows;
    case Spread::one: return 1;
    default: refuse("got an unknown spread");
  }
}

/** combine(shape, a, b, out); shape: rows width op spreadA spreadB */
napi_value combine(napi_env env, napi_callback_info info) {
  return called<4>(env, info, [&](const napi_value* argv, Instance& self) -> napi_value {
    const Arguments in(env);
    const int32_t* s = in.typed<int32_t>(argv[0], 5, "the shape");
    checkSizes(s, 2);
    if (s[2] < 0 || s[2] >= (int32_t)Combine::count) refuse("got an unknown operation");
    Combination q{(Combine)s[2], s[0], s[1], (Spread)s[3], (Spread)s[4], nullptr, nullptr, nullptr};
    q.a = in.typed<float>(argv[1], spreadLength(s[3], q.rows, q.width), "a");
    q.b = in.typed<float>(argv[2], spreadLength(s[4], q.rows, q.width), "b");
    q.out = in.typed<float>(argv[3], lengthOf(q.rows, q.width), "the result");
    self.kernels->dense.combine(q, self.pool, threadsFor((double)q.rows * q.width, self.pool.size()));
    return nullptr;
  });
}

/** apply(function, x, out) */
napi_value apply(napi_env env, napi_callback_info info) {
  return called<3>(env, info, [&](const napi_value* argv, Instance& self) -> napi_value {
    const Arguments in(env);
    int32_t function = -1;
    napi_get_value_int32(env, argv[0], &function);
    if (function < 0 || function >= (int32_t)Activation::count) refuse("got an unknown function");
    size_t n;
    const float* x = in.typed<float>(argv[1], &n, "x");
    if (n > 1 << 30) refuse("got more than 2^30 elements");
    const Application q{(Activation)function, (int)n, x, in.typed<float>(argv[2], n, "the result")};
    self.kernels->dense.apply(q, self.pool, threadsFor(20.0 * q.n, self.pool.size()));
    return nullptr;
  });
}

/** dropout(shape, key, rate, x, out); shape: rows steps units */
napi_value dropout(napi_env env, napi_callback_info info) {
  return called<5>(env, info, [&](const napi_value* argv, Instance& self) -> napi_value {
    const Arguments in(env);
    const int32_t* s = in.typed<int32_t>(argv[0], 3, "the shape");
    checkSizes(s, 3);
    Dropout q{s[0], s[1], s[2], 0, 0, nullptr, nullptr};
    napi_get_value_uint32(env, argv[1], &q.key);
    napi_get_value_double(env, argv[2], &q.rate);
    if (!(q.rate > 0 && q.rate < 1)) refuse("got a rate of " + std::to_string(q.rate) + ", wanted one above 0 and below 1");
    const size_t all = lengthOf(q.rows, q.steps, q.units);
    q.x = in.typed<float>(argv[3], all, "x");
    q.out = in.typed<float>(argv[4], all, "the result");
    self.kernels->dense.dropout(q, self.pool, threadsFor(4.0 * all, self.pool.size()));
    return nullptr;
  });
}

} // namespace

void defineDense(napi_env env, napi_value exports) {
  const napi_property_descriptor properties[] = {
      {"product", nullptr, product, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"crossEntropy", nullptr, crossEntropy, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"gatherRows", nullptr, moveRows<true>, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"scatterRows", nullptr, moveRows<false>, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"softmax", nullptr, softmax, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"sumRows", nullptr, sumRows, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"apply", nullptr, apply, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"dropout", nullptr, dropout, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"combine", nullptr, combine, nullptr, nullptr, nullptr, napi_default, nullptr},
  };
  napi_define_properties(env, exports, sizeof properties / sizeof *properties, properties);
}

} // namespace gatewise
