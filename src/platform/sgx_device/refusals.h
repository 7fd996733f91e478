// SPDX-License-Identifier: Apache-2.0
// What the kernel's refusals mean, and what to do: it says no more than an errno (Linux, arch/x86/kernel/cpu/sgx).
#pragma once

#include <cstdint>
#include <string_view>

#include <adyton/result.h>

namespace adyton::sgx {

enum class DeviceStep : std::uint8_t {
  kOpen,
  kOpenProvision,
  kReserve,
  kCreate,
  kProvision,
  kAdd,
  kInit,
  kMap,
  kPages
};

// The error for an errno (positive) of a step.
Error describe_refusal(DeviceStep step, int error_number);

}  // namespace adyton::sgx
