// SPDX-License-Identifier: Apache-2.0
// Which `syscall` instructions of a program may lead straight into the keep kernel, and how (docs/formats/sgx.md says
// why this is sound). Pure, and the same for the same program.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "image/image.h"

namespace adyton {

inline constexpr std::string_view kSyscallBytes = "\x0f\x05";
inline constexpr std::uint64_t kJumpBytes = 5;       // e9 and its distance
inline constexpr std::uint64_t kShortJumpBytes = 2;  // eb and its distance: as many as a `syscall` has

// Addresses from the load base.
struct SyscallSite {
  std::uint64_t syscall = 0;  // its two bytes
  // Where the jump stands: it replaces the five bytes from here, and the instructions from here to `syscall` are done
  // before it elsewhere. The same as `syscall`, if it jumps by way of `padding`.
  std::uint64_t begin = 0;
  std::uint64_t padding = 0;             // five bytes that nothing executes, in reach of a short jump; 0: not used
  std::vector<std::uint64_t> distances;  // in the moved instructions: four bytes each, from there to what they compute
};

struct SyscallSites {
  std::vector<SyscallSite> rewritten;  // ascending
  std::vector<std::uint64_t> left;     // the other bytes 0f 05 that may be instructions: these trap. Ascending
};

SyscallSites find_syscall_sites(const LaunchPlan& plan);

}  // namespace adyton
