#include "arguments.h"

namespace gatewise {

template <> napi_typedarray_type Arguments::typeOf<float>() { return napi_float32_array; }
template <> napi_typedarray_type Arguments::typeOf<double>() { return napi_float64_array; }
template <> napi_typedarray_type Arguments::typeOf<int32_t>() { return napi_int32_array; }
template <> napi_typedarray_type Arguments::typeOf<uint8_t>() { return napi_uint8_array; }

napi_value Arguments::element(napi_value array, uint32_t at) const {
  napi_value value = nullptr;
  bool list = false;
  if (napi_is_array(env, array, &list) != napi_ok || !list) refuse("got something else than a list of arrays");
  if (napi_get_element(env, array, at, &value) != napi_ok) refuse("got something else than a list of arrays");
  return value;
}

bool Arguments::absent(napi_value value) const {
  napi_valuetype type;
  return napi_typeof(env, value, &type) != napi_ok || type == napi_undefined || type == napi_null;
}

void* Arguments::data(napi_value value, napi_typedarray_type wanted, size_t* length, bool exact,
                      const char* name) const {
  bool is = false;
  napi_typedarray_type type;
  size_t found = 0;
  void* at = nullptr;
  if (napi_is_typedarray(env, value, &is) != napi_ok || !is ||
      napi_get_typedarray_info(env, value, &type, &found, &at, nullptr, nullptr) != napi_ok || type != wanted) {
    refuse(std::string("got ") + name + " of another type than wanted");
  }
  if (exact && found != *length) {
    refuse(std::string("got ") + name + " of " + std::to_string(found) + " elements, wanted " +
           std::to_string(*length));
  }
  *length = found;
  return at;
}

namespace {
/** B T I H ids reverse padHold record probe drop dropPerStep dropKey zone zoneKey */
constexpr size_t SHAPE = 14;

void readShape(const int32_t* s, Call& call) {
  const int most[4] = {1 << 24, 1 << 24, 1 << 27, 1 << 20};
  for (int k = 0; k < 4; k++) {
    if (s[k] < (k == 2 ? 0 : 1) || s[k] > most[k]) refuse("got a size of " + std::to_string(s[k]));
  }
  call.B = s[0], call.T = s[1], call.I = s[2], call.H = s[3];
  call.ids = s[4], call.reverse = s[5], call.padHold = s[6], call.record = s[7], call.probe = s[8];
  if (s[9] < 0 || s[9] > 2 || s[12] < 0 || s[12] > 3) refuse("got an unknown kind of dropout or zoneout");
  call.drop = (Drop)s[9], call.dropPerStep = s[10], call.dropKey = (uint32_t)s[11];
  call.zone = (Zone)s[12], call.zoneKey = (uint32_t)s[13];
}

void readRates(const double* rates, Call& call) {
  for (int k = -1; k < call.plan.S; k++) {
    const double rate = rates[k + 1];
    if (!(rate >= 0 && rate < 1)) refuse("got a rate of " + std::to_string(rate));
    (k < 0 ? call.dropRate : call.zoneRate[k]) = rate;
  }
}

void checkIds(const Call& call) {
  for (int row = 0; row < call.B; row++) {
    for (int t = 0; t < call.T; t++) {
      const int id = call.id[(size_t)row * call.T + t];
      if ((id >= 0 && id < call.I) || !call.real(row, t)) continue;
      throw Fault{"GW_ENGINE_IDS", "got the id " + std::to_string(id) + " at row " + std::to_string(row) + ", step " +
                                       std::to_string(t) + ", wanted 0 to " + std::to_string(call.I - 1) +
                                       "; likely fix: as many rows in W as there are ids"};
    }
  }
}

/** x W R b mask dropMask …vectors …state0 …holds */
void readInputs(const Arguments& in, napi_value list, Call& call) {
  const Plan& p = call.plan;
  const size_t B = call.B, T = call.T, I = call.I, H = call.H;
  uint32_t at = 0;
  auto next = [&] { return in.element(list, at++); };
  const napi_value x = next();
  if (call.ids) call.id = in.typed<int32_t>(x, B * T, "ids");
  else call.x = in.typed<float>(x, B * T * I, "x");
  call.W = in.typed<float>(next(), I * p.wBlocks() * H, "W");
  call.R = in.optional<float>(next(), H * p.rBlocks() * H, "R");
  if (!call.R && p.rBlocks() > 0) refuse("got no R");
  call.b = in.typed<float>(next(), p.G * H, "b");
  call.mask = in.optional<uint8_t>(next(), B * T, "mask");
  const size_t dropSize = call.dropPerStep ? B * T * H : B * H;
  call.dropMask = in.optional<float>(next(), dropSize, "the operand's mask");
  if (call.drop == Drop::mask && !call.dropMask) refuse("got no mask for the operand");
  for (int v = 0; v < p.V; v++) call.vectors[v] = in.typed<float>(next(), H, "a vector");
  for (int k = 0; k < p.S; k++) call.state0[k] = in.optional<float>(next(), B * H, "an initial state");
  for (int k = 0; k < p.S; k++) call.holds[k] = in.optional<uint8_t>(next(), B * T * H, "a zoneout mask");
  if (call.ids) checkIds(call);
}
} // namespace

void readCall(const Arguments& in, const napi_value* argv, Decoded& decoded, Call& call) {
  size_t words, constants;
  const auto* plan = in.typed<int32_t>(argv[0], &words, "the plan");
  const auto* pool = in.typed<float>(argv[1], &constants, "the constants");
  decodePlan(plan, words, pool, constants, decoded);
  call.plan = decoded.plan;
  readShape(in.typed<int32_t>(argv[2], SHAPE, "the shape"), call);
  readRates(in.typed<double>(argv[3], 1 + call.plan.S, "the rates"), call);
  readInputs(in, argv[4], call);
}

void readOutputs(const Arguments& in, napi_value list, Call& call) {
  const size_t B = call.B, T = call.T, H = call.H;
  call.y = in.typed<float>(in.element(list, 0), B * T * H, "y");
  for (int k = 0; k < call.plan.S; k++) call.last[k] = in.typed<float>(in.element(list, k + 1), B * H, "a final state");
}

void readGradients(const Arguments& in, napi_value cotangents, napi_value list, Call& call) {
  const Plan& p = call.plan;
  const size_t B = call.B, T = call.T, I = call.I, H = call.H, rows = B * T;
  const size_t w = p.wBlocks() * H, r = p.rBlocks() * H;
  call.dy = in.typed<float>(in.element(cotangents, 0), rows * H, "dy");
  for (int k = 0; k < p.S; k++) {
    call.dlast[k] = in.typed<float>(in.element(cotangents, k + 1), B * H, "the gradient of a final state");
  }
  uint32_t at = 0;
  auto next = [&] { return in.element(list, at++); };
  call.dx = in.optional<float>(next(), call.ids ? 0 : rows * I, "dx");
  call.dA = in.optional<float>(next(), rows * w, "dA");
  call.dW = in.typed<float>(next(), I * w, "dW");
  call.dR = in.optional<float>(next(), H * r, "dR");
  call.db = in.typed<float>(next(), p.G * H, "db");
  for (int v = 0; v < p.V; v++) call.dvectors[v] = in.typed<float>(next(), H, "the gradient of a vector");
  for (int k = 0; k < p.S; k++) call.dstate0[k] = in.typed<float>(next(), B * H, "the gradient of an initial state");
  call.dprobe = in.optional<float>(next(), rows * p.S * H, "the probe's gradient");
  if (call.ids && call.dx) refuse("got dx for ids");
  if (call.probe && !call.dprobe) refuse("got no array for the probe's gradient");
  if (r > 0 && !call.dR) refuse("got no dR");
}

} // namespace gatewise
