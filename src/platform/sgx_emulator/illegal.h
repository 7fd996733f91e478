// SPDX-License-Identifier: Apache-2.0
// Instructions that raise #UD inside enclaves and something else, or nothing, outside (SDM volume 3D, table "Illegal
// Instructions Inside an Enclave").
#pragma once

#include <cstdint>

#include <ucontext.h>

#include "platform/sgx_emulator/enclave.h"

namespace adyton::sgx {

// Whether the code at this address, in the enclave's executable pages or where its redirected ENCLUs go, is ENCLU.
bool is_enclu(const EmulatedEnclave& enclave, std::uint64_t address);

// Whether an instruction that the processor refused with #GP is one that an enclave must not execute at all: INT n, IN
// and OUT, RDPMC, and CPUID and RDTSC where they are made to fault.
bool illegal_in_enclave(const EmulatedEnclave& enclave, std::uint64_t address);

// CPUID of host code on a thread on which it faults: done, and the context moved behind it. False if it is none.
bool emulate_cpuid(ucontext_t& context);

}  // namespace adyton::sgx
