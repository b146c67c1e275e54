#pragma once
// What every environment (main thread, worker) has of its own, and how its functions begin and end.
#include <new>

#include "arguments.h"
#include "pool.h"
#include "store.h"

namespace gatewise {

struct Instance {
  const Kernels* kernels;
  Pool pool{threadsWanted()};
  std::shared_ptr<Store> store = std::make_shared<Store>();
};

inline Instance& instanceOf(napi_env env) {
  void* data = nullptr;
  napi_get_instance_data(env, &data);
  return *(Instance*)data;
}

/** Runs a function; what it throws becomes a JavaScript error with a code. */
template <class F>
napi_value guarded(napi_env env, F f) {
  try {
    return f();
  } catch (const Fault& fault) {
    napi_throw_error(env, fault.code, fault.text.c_str());
  } catch (const std::bad_alloc&) {
    napi_throw_error(env, "GW_ENGINE_MEMORY", "got no memory for this call; likely fix: a smaller batch");
  }
  return nullptr;
}

template <size_t N>
void getArguments(napi_env env, napi_callback_info info, napi_value (&argv)[N]) {
  size_t argc = N;
  napi_get_cb_info(env, info, &argc, argv, nullptr, nullptr);
}

/** A function of the addon with N arguments. */
template <size_t N, class F>
napi_value called(napi_env env, napi_callback_info info, F f) {
  return guarded(env, [&] {
    napi_value argv[N];
    getArguments(env, info, argv);
    return f(argv, instanceOf(env));
  });
}

} // namespace gatewise
