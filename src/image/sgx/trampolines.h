// SPDX-License-Identifier: Apache-2.0
// The program with jumps in the place of its `syscall` instructions, and the code to which these lead
// (docs/formats/sgx.md): what is loaded, and so measured, instead of the file's own bytes.
#pragma once

#include <vector>

#include "image/image.h"
#include "image/sgx/syscall_sites.h"

namespace adyton {

struct RewrittenProgram {
  std::vector<Bytes> code;  // of each of LaunchPlan::regions, if it is executable
  Bytes trampolines;
};

// Bytes that the trampolines of these sites need.
std::uint64_t trampoline_bytes(const std::vector<SyscallSite>& sites);

// The trampolines lie at `address` from the load base, the keep kernel's entry for system calls at `entry` from there
// (below it: as a number modulo 2^64). Requires that all of them and the program are within 2 GiB.
RewrittenProgram rewrite_syscalls(const LaunchPlan& plan, const std::vector<SyscallSite>& sites, std::uint64_t address,
                                  std::uint64_t entry);

}  // namespace adyton
