// SPDX-License-Identifier: Apache-2.0
// The keep kernel's ELF: what of it is added to an SGX enclave, from offset 0 on, as it is.
#pragma once

#include <cstdint>
#include <vector>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include "image/image.h"

namespace adyton {

// The first eight bytes of the first segment that is only readable, if the next are KeepElf::syscall_entry and
// cpuid_entry, eight each.
inline constexpr std::uint64_t kKeepCallsMagic = 0x32736c6c61636b61;  // "akcalls2"

inline constexpr std::uint64_t kMaxKeepBytes = 16 << 20;  // of the file, and of memory

struct KeepElf {
  std::uint64_t entry = 0;  // every TCS's OENTRY
  // What a rewritten `syscall` jumps to, with where it goes on in rcx, and a `cpuid`, with that in rdx. 0: there is
  // none
  std::uint64_t syscall_entry = 0, cpuid_entry = 0;
  std::uint64_t bytes = 0;      // its pages lie at [0, bytes)
  std::vector<Region> regions;  // ascending, no page shared; they point into the ELF
};

// Refuses what would need a loader or somebody to trust: relocations, an interpreter, libraries, thread-local storage,
// pages that are writable and executable, pages that are shared. Errors: invalid.
Result<KeepElf> parse_keep_elf(BytesView elf);

}  // namespace adyton
