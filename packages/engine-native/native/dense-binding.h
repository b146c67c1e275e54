#pragma once
#include <node_api.h>

namespace gatewise {

/** The functions of dense.cc, as properties of the addon. */
void defineDense(napi_env env, napi_value exports);

} // namespace gatewise
