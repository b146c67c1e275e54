#pragma once
// JavaScript's arguments → Call: every type and length is checked before any memory is touched.
#include <node_api.h>

#include "decode.h"

namespace gatewise {

/** Reads typed arrays of a list of arguments. */
class Arguments {
 public:
  explicit Arguments(napi_env env) : env(env) {}

  /** Element `at` of an array; undefined beyond its end. */
  napi_value element(napi_value array, uint32_t at) const;
  bool absent(napi_value value) const;
  /** The data of a typed array of exactly `length` elements. */
  template <class T>
  T* typed(napi_value value, size_t length, const char* name) const {
    return (T*)data(value, typeOf<T>(), &length, true, name);
  }
  /** The data of a typed array of any length. */
  template <class T>
  T* typed(napi_value value, size_t* length, const char* name) const {
    return (T*)data(value, typeOf<T>(), length, false, name);
  }
  /** As above, but null or undefined is a null pointer. */
  template <class T>
  T* optional(napi_value value, size_t length, const char* name) const {
    return absent(value) ? nullptr : typed<T>(value, length, name);
  }

 private:
  template <class T>
  static napi_typedarray_type typeOf();
  void* data(napi_value value, napi_typedarray_type type, size_t* length, bool exact, const char* name) const;
  napi_env env;
};

/** The six arguments that forward and backward share: plan, constants, shape, rates, inputs. */
void readCall(const Arguments& in, const napi_value* argv, Decoded& decoded, Call& call);
/** [y, …last] */
void readOutputs(const Arguments& in, napi_value list, Call& call);
/** [dy, …dlast] and [dx, dA, dW, dR, db, …dvectors, …dstate0, dprobe] */
void readGradients(const Arguments& in, napi_value cotangents, napi_value list, Call& call);

} // namespace gatewise
