// SPDX-License-Identifier: Apache-2.0
// The program with jumps in the place of its `syscall` and `cpuid` instructions, and the code to which these lead
// (docs/formats/sgx.md): what is loaded, and so measured, instead of the file's own bytes.
#pragma once

#include <vector>

#include "image/image.h"
#include "image/sgx/call_sites.h"

namespace adyton {

struct RewrittenProgram {
  std::vector<Bytes> code;  // of each of LaunchPlan::regions, if it is executable
  Bytes trampolines;
};

// Bytes that the trampolines of these sites need.
std::uint64_t trampoline_bytes(const std::vector<CallSite>& sites);

// Where the trampolines lead, from the load base (below it: as a number modulo 2^64).
struct CallEntries {
  std::uint64_t syscall = 0, cpuid = 0;
};

// The trampolines lie at `address` from the load base. Requires that all of them, their entries and the program are
// within 2 GiB.
RewrittenProgram rewrite_calls(const LaunchPlan& plan, const std::vector<CallSite>& sites, std::uint64_t address,
                               const CallEntries& entries);

}  // namespace adyton
