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

// Keep kernel and application in memory, laid out as keep_config.h says. One at a time in a process.
SmallSgx load_small_sgx(BytesView keep, const LaunchPlan& application, std::uint64_t heap_bytes, std::uint64_t threads);

}  // namespace adyton
