// SPDX-License-Identifier: Apache-2.0
// What each thread of an SGX enclave has for itself: the keep kernel's stack, KeepThread, TCS, state save area
// (image/sgx/keep_config.h says in which order).
#pragma once

#include <cstdint>

#include <adyton/bytes.h>
#include "image/sgx/keep_config.h"

namespace adyton {

struct ThreadArea {
  std::uint64_t exception_stack_offset, stack_offset;
  KeepThread self;
  Bytes tcs;  // the fields of the TCS, less than its page
};

std::uint64_t thread_area_bytes();
ThreadArea make_thread_area(const KeepConfig& config, std::uint64_t index, std::uint64_t entry);

}  // namespace adyton
