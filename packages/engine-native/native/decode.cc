#include "decode.h"

#include <algorithm>

namespace gatewise {

void refuse(const std::string& text) { throw Fault{"GW_ENGINE_ARGUMENTS", text}; }

namespace {
constexpr uint32_t bit(Kind k) { return 1u << k; }
constexpr uint32_t COMMON = bit(REGISTER) | bit(CONSTANT) | bit(VECTOR) | bit(STATE);

/** What each stage may write, and what else it may read. */
struct Rights {
  uint32_t write, read;
};
constexpr Rights RIGHTS[4] = {
    {bit(REGISTER) | bit(EXPORT) | bit(SAVED) | bit(U), COMMON | bit(GATE)},
    {bit(REGISTER) | bit(NEXT) | bit(SAVED), COMMON | bit(GATE) | bit(EXPORT)},
    {bit(REGISTER) | bit(GATE) | bit(PREVIOUS) | bit(DVECTOR), COMMON | bit(NEXT) | bit(SAVED) | bit(DSTATE)},
    {bit(REGISTER) | bit(GATE) | bit(PREVIOUS), COMMON | bit(NEXT) | bit(SAVED) | bit(DSTATE) | bit(DU)},
};

struct Reader {
  const int32_t* at;
  size_t left;
  int next(int least, int most, const char* what) {
    if (left == 0) refuse(std::string("got a plan that ends before its ") + what);
    const int v = *at++;
    left--;
    if (v < least || v > most) refuse(std::string("got a plan with ") + what + " " + std::to_string(v));
    return v;
  }
};

Slot slotOf(const Plan& p, int word, uint32_t allowed) {
  const int kind = word >> 16, index = word & 0xffff;
  if (word < 0 || kind >= KIND_COUNT || !((allowed >> kind) & 1)) refuse("got a plan with a misplaced slot");
  const int counts[KIND_COUNT] = {p.registers, p.constants, p.V, p.G,       p.S, p.S, p.saved,
                                  p.exports,   p.operand,   p.S, p.S, p.V, p.operand};
  if (index >= counts[kind]) refuse("got a plan with a slot out of range");
  return {(Kind)kind, index};
}

void readHead(Reader& in, Plan& p, int lengths[4]) {
  p.S = in.next(1, MAX_STATES, "states");
  p.G = in.next(1, MAX_GATES, "gates");
  p.V = in.next(0, MAX_VECTORS, "vectors");
  p.registers = in.next(0, MAX_REGISTERS, "registers");
  p.saved = in.next(0, MAX_SAVED, "saved fields");
  p.exports = in.next(0, MAX_INDEX, "exports");
  p.operand = in.next(0, 1, "operand");
  for (int s = 0; s < 4; s++) lengths[s] = in.next(0, MAX_CODE, "length");
  for (int g = 0; g < p.G; g++) {
    p.gates[g].w = in.next(-1, p.G - 1, "block of W");
    p.gates[g].r = in.next(-1, p.G - 1, "block of R");
    p.gates[g].fed = in.next(0, p.operand ? 1 : 0, "fed gate");
  }
  for (int k = 0; k < p.S; k++) p.kept[k] = in.next(0, 1, "kept");
  const int w = p.wBlocks(), r = p.rBlocks();
  for (int g = 0; g < p.G; g++) {
    if (p.gates[g].w >= w || p.gates[g].r >= r) refuse("got a plan with a block out of range");
  }
}
} // namespace

void decodePlan(const int32_t* words, size_t count, const float* pool, size_t constants, Decoded& out) {
  Plan& p = out.plan;
  Reader in{words, count};
  if (constants > MAX_CONSTANTS) refuse("got a plan with " + std::to_string(constants) + " constants");
  p.constants = (int)constants;
  std::copy(pool, pool + constants, p.pool);
  int lengths[4];
  readHead(in, p, lengths);
  out.code.reserve(lengths[0] + lengths[1] + lengths[2] + lengths[3]);
  Stage* const stages[4] = {&p.operandForward, &p.forward, &p.backward, &p.operandBackward};
  for (int s = 0; s < 4; s++) {
    *stages[s] = {out.code.data() + out.code.size(), lengths[s]};
    for (int i = 0; i < lengths[s]; i++) {
      const Op op = (Op)in.next(0, OP_COUNT - 1, "operation");
      Slot slots[4];
      for (int k = 0; k < 4; k++) {
        const uint32_t allowed = RIGHTS[s].write | (k == 0 ? 0 : RIGHTS[s].read);
        slots[k] = slotOf(p, in.next(0, INT32_MAX, "slot"), allowed);
      }
      out.code.push_back({op, slots[0], slots[1], slots[2], slots[3]});
    }
  }
  if (in.left != 0) refuse("got a plan with words after its end");
}

} // namespace gatewise
