// SPDX-License-Identifier: Apache-2.0
// Just enough of SGX to run the keep kernel in ordinary memory: EENTER, EEXIT, ERESUME and asynchronous exits, by
// catching ENCLU (#UD) and `syscall` (Syscall User Dispatch). Measures nothing, checks nothing, protects nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "image/image.h"
#include "image/sgx/keep_config.h"
#include "platform/sgx/device.h"

namespace adyton {

struct SmallSgx {
  std::unique_ptr<SgxEnclave> enclave;
  std::vector<std::uint64_t> tcs_offsets;
  KeepConfig config;
};

// What every EENTER from now on finds in registers that are no argument: flags such as DF and AC, and with
// `wild_control` MXCSR and the x87 control word 0, every exception unmasked.
void set_hostile_registers(std::uint64_t flags, bool wild_control);

// Keep kernel and application in memory, laid out as keep_config.h says. One at a time in a process.
SmallSgx load_small_sgx(BytesView keep, const LaunchPlan& application, std::uint64_t heap_bytes, std::uint64_t threads);

}  // namespace adyton
