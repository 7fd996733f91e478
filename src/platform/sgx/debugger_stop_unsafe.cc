// SPDX-License-Identifier: Apache-2.0
#include "platform/sgx/debugger_stop.h"

#include <csignal>

namespace adyton {

void stop_for_debugger(std::uint64_t image_base) {
  // Without a debugger it comes here, and goes on behind the instruction.
  const auto before = std::signal(SIGTRAP, [](int) {});
  // SAFETY: changes no register and no memory.
  asm volatile("int3" : : "a"(image_base));
  std::signal(SIGTRAP, before);
}

}  // namespace adyton
