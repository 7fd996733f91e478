// SPDX-License-Identifier: Apache-2.0
// CPUID, which an enclave cannot execute: the host's answers, each asked for once so that it cannot change its mind.
// Of what needs extended state that the enclave does not have (SECS.ATTRIBUTES.XFRM) none is told of, as it would raise
// #UD. What the application must not believe of a host is not in here: RDRAND is tried, not looked up.
#pragma once

#include <cstdint>

#include "keep/spin_lock.h"

namespace adyton::keep {

struct CpuidAnswer {
  std::uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
};

// The answer without the instructions and the components of state that XFRM does not have, and without shadow stacks.
// Intel SDM 2A, CPUID; bits by leaf as there.
CpuidAnswer without_missing_state(std::uint32_t leaf, std::uint32_t subleaf, CpuidAnswer answer, std::uint64_t xfrm);

// The answer with what a C library computes sizes of as it is for every enclave, whatever the host says: one thread's
// caches (32 KiB of each kind, 1 MiB, 8 MiB), one thread, leaves up to where these stand, and one of the two vendors
// whose caches are looked up there. glibc before 2.38 copies beyond a buffer's end where they come out as nothing (its
// bug 30428). Sizes and places of saved state (0DH) are those of the components in `enabled`, bits as in XCR0: what an
// application makes room for by them, XSAVE fills. Intel SDM 2A, CPUID; AMD APM 3, appendix E.
CpuidAnswer with_known_sizes(std::uint32_t leaf, std::uint32_t subleaf, CpuidAnswer answer, std::uint64_t enabled);

class CpuidCache {
 public:
  // What the enclave has, and what XSAVE saves: the same on a processor (enabled_state()).
  void initialise(std::uint64_t xfrm, std::uint64_t enabled) {
    xfrm_ = xfrm;
    enabled_ = enabled;
  }
  CpuidAnswer get(std::uint32_t leaf, std::uint32_t subleaf);

 private:
  struct Entry {
    std::uint32_t leaf, subleaf;
    CpuidAnswer answer;
  };
  SpinLock lock_;
  Entry entries_[96]{};
  std::uint32_t count_ = 0;
  std::uint64_t xfrm_ = 3, enabled_ = 3;
};

// RDPID, where CPUID says that there is one: IA32_TSC_AUX, in which Linux keeps a processor's number and its node's.
std::uint64_t read_processor_id();

}  // namespace adyton::keep
