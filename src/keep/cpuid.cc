// SPDX-License-Identifier: Apache-2.0
#include "keep/cpuid.h"

#include "keep/host_interface.h"

namespace adyton::keep {

CpuidAnswer CpuidCache::get(std::uint32_t leaf, std::uint32_t subleaf) {
  {
    const Locked locked(lock_);
    for (std::uint32_t index = 0; index < count_; ++index) {
      if (entries_[index].leaf == leaf && entries_[index].subleaf == subleaf) return entries_[index].answer;
    }
  }
  const RawAnswer raw = ask_host(KeepRequest::kCpuid, leaf, subleaf);
  const CpuidAnswer answer{static_cast<std::uint32_t>(raw.result), static_cast<std::uint32_t>(raw.b),
                           static_cast<std::uint32_t>(raw.c), static_cast<std::uint32_t>(raw.d)};
  const Locked locked(lock_);
  for (std::uint32_t index = 0; index < count_; ++index) {  // another thread may have been faster
    if (entries_[index].leaf == leaf && entries_[index].subleaf == subleaf) return entries_[index].answer;
  }
  if (count_ < sizeof(entries_) / sizeof(entries_[0])) entries_[count_++] = {leaf, subleaf, answer};
  return answer;
}

}  // namespace adyton::keep
