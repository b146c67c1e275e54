// Everything that depends on the instruction set: compiled once for each, with GW_ARCH, GW_TABLE, VL and MR.
#include "dense.h"
#include "finish.h"
#include "forward.h"
#include "update.h"

namespace gatewise {

const Kernels* GW_TABLE() {
  using namespace GW_ARCH;
  static const Kernels table{GW_NAME,  historySize, forwardScratch, backwardScratch,
                             forward,  backward,    mathTable,      denseTable,    updateTable};
  return &table;
}

} // namespace gatewise
