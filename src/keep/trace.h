// SPDX-License-Identifier: Apache-2.0
// Tells the host of a debug image what the application's system calls are (TraceRecord).
#pragma once

#include <cstdint>

#include "keep/kernel.h"

namespace adyton::keep {

// `asked`: the registers of the call; `result`: null if it will not return; `requests`: how often the host was asked.
// Requires kernel.traced.
void trace_call(const Kernel& kernel, const ThreadState& thread, const Frame& asked, const std::uint64_t* result,
                std::uint64_t requests);

}  // namespace adyton::keep
