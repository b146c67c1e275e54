// The addon: every environment (main thread, worker) has its own threads and memory.
#include <cstdlib>

#include "arguments.h"
#include "dense-binding.h"
#include "instance.h"
#include "machine.h"
#include "ulp.h"
#include "update-binding.h"

namespace gatewise {

namespace {

const napi_type_tag RESERVE_TAG = {0x6761746577697365, 0x7265736572766531};

void adjust(napi_env env, const Reserve& reserve, int sign) {
  int64_t now;
  napi_adjust_external_memory(env, sign * (int64_t)reserve.block.bytes, &now);
}

void freeReserve(napi_env env, void* data, void*) {
  auto* reserve = (Reserve*)data;
  if (reserve->block.at) adjust(env, *reserve, -1);
  delete reserve;
}

napi_value keep(napi_env env, std::unique_ptr<Reserve> reserve) {
  napi_value out;
  adjust(env, *reserve, 1);
  if (napi_create_external(env, reserve.get(), freeReserve, nullptr, &out) != napi_ok) {
    adjust(env, *reserve, -1);
    throw std::bad_alloc();
  }
  napi_type_tag_object(env, out, &RESERVE_TAG);
  reserve.release();
  return out;
}

/** forward(plan, constants, shape, rates, inputs, outputs) → the reserve when recording */
napi_value forward(napi_env env, napi_callback_info info) {
  return guarded(env, [&]() -> napi_value {
    napi_value argv[6];
    getArguments(env, info, argv);
    Instance& self = instanceOf(env);
    const Arguments in(env);
    Decoded decoded;
    Call call{};
    readCall(in, argv, decoded, call);
    readOutputs(in, argv[5], call);
    const Kernels& k = *self.kernels;
    const int P = threadsFor(call, self.pool.size());
    Borrowed scratch(*self.store, k.forwardScratch(call, P));
    const size_t floats = k.historySize(call);
    if (!call.record) {
      Borrowed history(*self.store, floats);
      k.forward(call, self.pool, P, history.block.at, scratch.block.at);
      return nullptr;
    }
    auto reserve = std::make_unique<Reserve>(self.store, self.store->take(floats), P, floats, &k);
    k.forward(call, self.pool, P, reserve->block.at, scratch.block.at);
    return keep(env, std::move(reserve));
  });
}

/** The reserve, if it is one, is still there, and fits the call. */
Reserve& reserveOf(napi_env env, napi_value value, const Call& call) {
  bool ours = false;
  void* data = nullptr;
  napi_valuetype type;
  napi_typeof(env, value, &type);
  if (type == napi_external) napi_check_object_type_tag(env, value, &RESERVE_TAG, &ours);
  if (!ours || napi_get_value_external(env, value, &data) != napi_ok) refuse("got something else than a reserve");
  auto& reserve = *(Reserve*)data;
  if (!reserve.block.at) {
    throw Fault{"GW_ENGINE_RESERVE", "got a second backward of one forward, wanted one; likely fix: run forward again"};
  }
  if (!call.record || reserve.kernels->historySize(call) != reserve.floats) {
    refuse("got a reserve of another sequence");
  }
  return reserve;
}

/** backward(plan, constants, shape, rates, inputs, reserve, cotangents, outputs); the reserve is released */
napi_value backward(napi_env env, napi_callback_info info) {
  return guarded(env, [&]() -> napi_value {
    napi_value argv[8];
    getArguments(env, info, argv);
    Instance& self = instanceOf(env);
    const Arguments in(env);
    Decoded decoded;
    Call call{};
    readCall(in, argv, decoded, call);
    readGradients(in, argv[6], argv[7], call);
    Reserve& reserve = reserveOf(env, argv[5], call);
    const Kernels& k = *reserve.kernels;
    Borrowed scratch(*self.store, k.backwardScratch(call, reserve.P));
    k.backward(call, self.pool, reserve.P, reserve.block.at, scratch.block.at);
    adjust(env, reserve, -1);
    reserve.release();
    return nullptr;
  });
}

napi_value text(napi_env env, const char* value) {
  napi_value out;
  napi_create_string_utf8(env, value, NAPI_AUTO_LENGTH, &out);
  return out;
}
napi_value number(napi_env env, double value) {
  napi_value out;
  napi_create_double(env, value, &out);
  return out;
}
napi_value list(napi_env env, std::initializer_list<napi_value> values) {
  napi_value out;
  uint32_t at = 0;
  napi_create_array_with_length(env, values.size(), &out);
  for (napi_value v : values) napi_set_element(env, out, at++, v);
  return out;
}

/** describe() → [instruction set, threads, live reserves, …instruction sets that work here] */
napi_value describe(napi_env env, napi_callback_info) {
  const Instance& self = instanceOf(env);
  napi_value out = list(env, {text(env, self.kernels->name), number(env, self.pool.size()),
                              number(env, self.store->live)});
  for (int n = 0; const Kernels* k = kernelsHere(n); n++) napi_set_element(env, out, 3 + n, text(env, k->name));
  return out;
}

/** use(instruction set) */
napi_value use(napi_env env, napi_callback_info info) {
  return guarded(env, [&]() -> napi_value {
    napi_value argv[1];
    getArguments(env, info, argv);
    char name[32] = "";
    napi_get_value_string_utf8(env, argv[0], name, sizeof name, nullptr);
    const Kernels* k = kernelsNamed(name);
    if (!k) throw Fault{"GW_ENGINE_NATIVE", std::string("got the instruction set \"") + name + "\", not here"};
    instanceOf(env).kernels = k;
    return nullptr;
  });
}

/** math(function, Float32Array): in place, its length a multiple of 16 */
napi_value math(napi_env env, napi_callback_info info) {
  return guarded(env, [&]() -> napi_value {
    napi_value argv[2];
    getArguments(env, info, argv);
    int32_t function = 0;
    napi_get_value_int32(env, argv[0], &function);
    size_t n;
    float* x = Arguments(env).typed<float>(argv[1], &n, "numbers");
    if (n % 16 != 0 || n > (1 << 24)) refuse("got numbers in another count than a multiple of 16");
    instanceOf(env).kernels->math(function, x, x, (int)n);
    return nullptr;
  });
}

/** ulp(function, low, high, stride) → [worst, at, count] */
napi_value ulp(napi_env env, napi_callback_info info) {
  return guarded(env, [&]() -> napi_value {
    napi_value argv[4];
    getArguments(env, info, argv);
    double v[4] = {};
    for (int i = 0; i < 4; i++) napi_get_value_double(env, argv[i], &v[i]);
    if (!(v[1] <= v[2]) || !(v[3] >= 1)) refuse("got an empty range");
    Instance& self = instanceOf(env);
    const UlpResult r = worstUlp(*self.kernels, self.pool, self.pool.size(), (int)v[0], (float)v[1], (float)v[2],
                                 (uint32_t)v[3]);
    return list(env, {number(env, r.worst), number(env, r.at), number(env, r.count)});
  });
}

const Kernels* preferredKernels() {
  const char* forced = std::getenv("GATEWISE_NATIVE_ARCH");
  return forced && *forced ? kernelsNamed(forced) : kernelsHere(0);
}

} // namespace

NAPI_MODULE_INIT() {
  const Kernels* kernels = preferredKernels();
  if (!kernels) {
    napi_throw_error(env, "GW_ENGINE_NATIVE", "got a GATEWISE_NATIVE_ARCH that does not work on this processor");
    return nullptr;
  }
  auto* self = new Instance{kernels};
  napi_set_instance_data(env, self, [](napi_env, void* data, void*) { delete (Instance*)data; }, nullptr);
  const napi_property_descriptor properties[] = {
      {"forward", nullptr, forward, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"backward", nullptr, backward, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"describe", nullptr, describe, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"use", nullptr, use, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"math", nullptr, math, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"ulp", nullptr, ulp, nullptr, nullptr, nullptr, napi_default, nullptr},
  };
  napi_define_properties(env, exports, sizeof properties / sizeof *properties, properties);
  defineDense(env, exports);
  defineUpdate(env, exports);
  return exports;
}

} // namespace gatewise
