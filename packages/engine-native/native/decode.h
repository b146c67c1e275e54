#pragma once
// Bytecode as it comes from TypeScript → Plan, checked.
#include <string>
#include <vector>

#include "call.h"

namespace gatewise {

/** An error with its code. */
struct Fault {
  const char* code;
  std::string text;
};
[[noreturn]] void refuse(const std::string& text);

struct Decoded {
  Plan plan{};
  std::vector<Instruction> code;
};

/**
 * words: S G V registers saved exports operand, lengths of four stages, then by gate (w, r, fed), by state (kept),
 * then by instruction (op, d, a, b, c), a slot as kind·2¹⁶ + index.
 */
void decodePlan(const int32_t* words, size_t count, const float* pool, size_t constants, Decoded& out);

} // namespace gatewise
