// SPDX-License-Identifier: Apache-2.0
// Under which numbers the host has files of the manifest's files.write open for the application.
#pragma once

#include <asm/errno.h>

#include <cstdint>

#include "keep/spin_lock.h"

namespace adyton::keep {

class SharedNumbers {
 public:
  static constexpr std::uint64_t kMost = 1024;

  // For a file of `entry`, which is not 0; -ENFILE.
  std::int64_t take(std::uint32_t entry) {
    const Locked locked(lock_);
    for (std::uint64_t index = 0; index < kMost; ++index) {
      if (entries_[index] != 0) continue;
      entries_[index] = static_cast<std::uint16_t>(entry);
      return static_cast<std::int64_t>(index + 1);
    }
    return -ENFILE;
  }
  void give_back(std::uint64_t number) {
    const Locked locked(lock_);
    entries_[number - 1] = 0;
  }
  [[nodiscard]] std::uint32_t entry_of(std::uint64_t number) const { return entries_[number - 1]; }

 private:
  SpinLock lock_;
  std::uint16_t entries_[kMost]{};  // a manifest has 4096 at most
};

}  // namespace adyton::keep
