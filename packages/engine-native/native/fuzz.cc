// Random programs' sizes and options through the kernels, every array exactly as long as it must be, for sanitizers:
//   fuzz SECONDS SEED; plans on standard input: a line of words, then a line of constants, for each plan.
// Compiled with the kernels of build.mjs; `wide` is the 16-float code on a processor without AVX-512.
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <memory>
#include <sstream>

#include "decode.h"
#include "fuzz-dense.h"
#include "fuzz-update.h"
#include "machine.h"
#include "pool.h"
#include "store.h"

namespace gatewise {
const Kernels* kernelsWide();
}
using namespace gatewise;

namespace {

/** Owns the arrays of one call: each an allocation of its own, so that one element beyond is caught. */
struct Arrays {
  Random& random;
  std::vector<std::unique_ptr<float[]>> floats;
  std::vector<std::unique_ptr<uint8_t[]>> bytes;
  std::vector<std::pair<const float*, size_t>> outputs;

  float* filled(size_t n, float scale = 1) {
    floats.emplace_back(new float[n]);
    for (size_t i = 0; i < n; i++) floats.back()[i] = random.number() * scale;
    return floats.back().get();
  }
  float* output(size_t n) {
    float* at = filled(n);
    for (size_t i = 0; i < n; i++) at[i] = NAN;
    outputs.push_back({at, n});
    return at;
  }
  uint8_t* flags(size_t n) {
    bytes.emplace_back(new uint8_t[n]);
    for (size_t i = 0; i < n; i++) bytes.back()[i] = random.chance(60);
    return bytes.back().get();
  }
};

void chooseOptions(Random& r, Call& call) {
  call.B = size(r, 24), call.T = size(r, 20), call.H = r.chance(2) ? 513 + r.below(40) : size(r, 70);
  call.I = r.chance(8) ? 0 : size(r, 70);
  call.ids = call.I > 0 && r.chance(25);
  call.reverse = r.chance(30), call.padHold = r.chance(30), call.record = r.chance(80);
  call.probe = call.record && r.chance(20);
  call.drop = (Drop)(r.chance(50) ? 0 : r.below(3));
  call.dropPerStep = r.chance(50), call.dropKey = r.next(), call.dropRate = call.drop == Drop::draw ? .3 : 0;
  call.zone = (Zone)(r.chance(50) ? 0 : r.below(4)), call.zoneKey = r.next();
}

void makeInputs(Random& r, Call& call, Arrays& make) {
  const Plan& p = call.plan;
  const size_t B = call.B, T = call.T, I = call.I, H = call.H, rows = B * T;
  if (r.chance(40)) call.mask = make.flags(rows);
  if (call.ids) {
    auto* ids = (int32_t*)(void*)make.filled(rows);
    for (size_t k = 0; k < rows; k++) ids[k] = call.mask && !call.mask[k] ? -7 : r.below(call.I);
    call.id = ids;
  } else {
    call.x = make.filled(rows * I);
  }
  call.W = make.filled(I * p.wBlocks() * H);
  // no gradient grows beyond float32 on the way back
  call.R = p.rBlocks() > 0 ? make.filled(H * p.rBlocks() * H, 1.0f / (float)H) : nullptr;
  call.b = make.filled(p.G * H);
  if (call.drop == Drop::mask) call.dropMask = make.filled(call.dropPerStep ? rows * H : B * H);
  for (int v = 0; v < p.V; v++) call.vectors[v] = make.filled(H);
  for (int k = 0; k < p.S; k++) {
    if (r.chance(40)) call.state0[k] = make.filled(B * H);
    if (call.zone == Zone::mask && r.chance(70)) call.holds[k] = make.flags(rows * H);
    call.zoneRate[k] = r.chance(30) ? 0 : .25;
    call.last[k] = make.output(B * H);
  }
  call.y = make.output(rows * H);
}

void makeGradients(Random& r, Call& call, Arrays& make) {
  const Plan& p = call.plan;
  const size_t B = call.B, T = call.T, I = call.I, H = call.H, rows = B * T;
  call.dy = make.filled(rows * H);
  if (!call.ids && r.chance(60)) call.dx = make.output(rows * I);
  if (r.chance(30)) call.dA = make.output(rows * p.wBlocks() * H);
  call.dW = make.output(I * p.wBlocks() * H);
  if (p.rBlocks() > 0) call.dR = make.output(H * p.rBlocks() * H);
  call.db = make.output(p.G * H);
  for (int v = 0; v < p.V; v++) call.dvectors[v] = make.output(H);
  for (int k = 0; k < p.S; k++) {
    call.dlast[k] = make.filled(B * H);
    call.dstate0[k] = make.output(B * H);
  }
  if (call.probe) call.dprobe = make.output(rows * p.S * H);
}

/** Every output was written, with a number: the inputs are small enough for that. */
bool complete(const Arrays& arrays) {
  for (const auto& [at, n] : arrays.outputs) {
    for (size_t i = 0; i < n; i++) {
      if (std::isnan(at[i])) return false;
    }
  }
  return true;
}

/** Forward and, where the call records, backward with P threads. */
void compute(const Call& call, Pool& pool, const Kernels& k, int P) {
  Exact history(k.historySize(call));
  {
    Exact scratch(k.forwardScratch(call, P));
    k.forward(call, pool, P, history.at, scratch.at);
  }
  if (!call.record) return;
  Exact scratch(k.backwardScratch(call, P));
  k.backward(call, pool, P, history.at, scratch.at);
}

/** Threads that share one row give the bits that one thread gives; short ones group the columns of W differently. */
bool sameAlone(const Call& call, Pool& pool, const Kernels& k, const Arrays& arrays) {
  std::vector<std::vector<float>> shared;
  for (const auto& [at, n] : arrays.outputs) shared.emplace_back(at, at + n);
  compute(call, pool, k, 1);
  for (size_t i = 0; i < shared.size(); i++) {
    const auto& [at, n] = arrays.outputs[i];
    if (n > 0 && std::memcmp(at, shared[i].data(), n * sizeof(float)) != 0) return false;
  }
  return true;
}

bool once(Random& r, Decoded& decoded, Pool& pool, const Kernels& k) {
  Call call{};
  Arrays arrays{r, {}, {}, {}};
  call.plan = decoded.plan;
  chooseOptions(r, call);
  makeInputs(r, call, arrays);
  if (call.record) makeGradients(r, call, arrays);
  const int P = 1 + r.below(call.B == 1 || pool.size() < call.B ? pool.size() : call.B);
  compute(call, pool, k, P);
  const char* fault = complete(arrays) ? nullptr : "an output is not complete";
  if (!fault && call.B == 1 && call.T > 8 && P > 1 && !sameAlone(call, pool, k, arrays)) fault = "threads change the bits";
  if (!fault) return true;
  std::printf("%s: %s B%d T%d I%d H%d P%d\n", fault, k.name, call.B, call.T, call.I, call.H, P);
  return false;
}

/** Plans with words changed at random are refused or run; they never reach beyond their arrays. */
void corrupt(Random& r, std::vector<int32_t> words, const std::vector<float>& pool) {
  for (int n = 1 + r.below(3); n > 0 && !words.empty(); n--) {
    words[r.below((int)words.size())] = r.chance(50) ? (int32_t)r.next() : r.below(20);
  }
  if (r.chance(20)) words.resize(r.below((int)words.size() + 1));
  Decoded decoded;
  try {
    decodePlan(words.data(), words.size(), pool.data(), pool.size(), decoded);
  } catch (const Fault&) {
  }
}

template <class T>
bool readLine(std::vector<T>& out) {
  std::string line;
  if (!std::getline(std::cin, line)) return false;
  std::istringstream in(line);
  for (T v; in >> v;) out.push_back(v);
  return true;
}

} // namespace

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 5;
  Random r{argc > 2 ? (uint32_t)std::atoi(argv[2]) : 1};
  std::vector<std::pair<std::vector<int32_t>, std::vector<float>>> plans(1);
  while (readLine(plans.back().first) && readLine(plans.back().second)) plans.emplace_back();
  plans.pop_back();
  if (plans.empty()) return std::printf("no plans on standard input\n"), 2;
  std::vector<const Kernels*> kernels{kernelsWide()};
  for (int n = 0; const Kernels* k = kernelsHere(n); n++) kernels.push_back(k);
  Pool pool(3);
  long runs = 0;
  const auto start = std::chrono::steady_clock::now();
  while (std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() < seconds) {
    const auto& [words, constants] = plans[r.below((int)plans.size())];
    Decoded decoded;
    decodePlan(words.data(), words.size(), constants.data(), constants.size(), decoded);
    corrupt(r, words, constants);
    if (!once(r, decoded, pool, *kernels[r.below((int)kernels.size())])) return 1;
    if (!fuzzDense(r, pool, *kernels[r.below((int)kernels.size())])) return 1;
    if (!fuzzUpdate(r, pool, *kernels[r.below((int)kernels.size())])) return 1;
    runs++;
  }
  std::printf("%ld runs\n", runs);
  return 0;
}
