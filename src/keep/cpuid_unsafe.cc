// SPDX-License-Identifier: Apache-2.0
#include "keep/cpuid.h"

namespace adyton::keep {

std::uint64_t read_processor_id() {
  std::uint64_t id = 0;
  // SAFETY: writes its output and nothing else.
  asm volatile("rdpid %0" : "=r"(id));
  return id;
}

}  // namespace adyton::keep
