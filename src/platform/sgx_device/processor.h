// SPDX-License-Identifier: Apache-2.0
// What the processor says of SGX by CPUID (Intel SDM volume 3D, "Enumeration of SGX": leaves 7 and 12H).
#pragma once

#include <cstdint>

#include <adyton/result.h>
#include "image/sgx/sgx_plan.h"
#include "platform/sgx_device/kernel.h"

namespace adyton::sgx {

struct ProcessorSupport {
  bool sgx = false;             // it has the instructions
  bool launch_control = false;  // FLC: the kernel may write IA32_SGXLEPUBKEYHASH
  bool sgx1 = false, sgx2 = false;
  std::uint32_t misc_select = 0;  // what SECS.MISCSELECT may have
  std::uint64_t attributes = 0;   // SECS.ATTRIBUTES
  std::uint64_t xfrm = 0;
  std::uint64_t largest_bytes = 0;  // of a 64-bit enclave's address range
  std::uint64_t memory_bytes = 0;   // all sections of the enclave page cache
};
ProcessorSupport read_processor_support(Kernel& kernel);

// Whether ECREATE takes a plan on this processor: it and the kernel say only that it does not. Errors: unavailable,
// with what is missing and the remedy; invalid.
Result<void> check_plan_runs(const ProcessorSupport& processor, const SgxPlan& plan);

}  // namespace adyton::sgx
