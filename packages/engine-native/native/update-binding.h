#pragma once
#include <node_api.h>

namespace gatewise {

/** The functions of update.cc, as properties of the addon. */
void defineUpdate(napi_env env, napi_value exports);

} // namespace gatewise
