// SPDX-License-Identifier: Apache-2.0
// Which addresses a system call's arguments may have: the application's segments, the heap and the stacks. The keep
// kernel's own pages, its configuration, thread areas and everything outside the enclave are EFAULT.
#pragma once

#include <cstddef>
#include <cstdint>

#include "keep/address_unsafe.h"
#include "keep/stacks.h"

namespace adyton::keep {

class UserMemory {
 public:
  static constexpr std::size_t kMostRanges = 24;

  // False if there are too many.
  bool add(std::uint64_t begin, std::uint64_t end, bool writable);
  // Each of them, without what guards it. They stay the caller's.
  void add_stacks(const Stacks& stacks) { stacks_ = &stacks; }

  [[nodiscard]] bool readable(std::uint64_t address, std::uint64_t bytes) const {
    return within(address, bytes, false);
  }
  [[nodiscard]] bool writable(std::uint64_t address, std::uint64_t bytes) const { return within(address, bytes, true); }
  // How many bytes from `address` on are readable.
  [[nodiscard]] std::uint64_t readable_from(std::uint64_t address) const;

  // `count` of T to read, or to write; nullptr if any byte is elsewhere. They lie where the application has put them,
  // also unaligned, as Linux takes them: the processor reads them so, and nothing here is compiled with vector
  // registers.
  template <typename T>
  const T* in(std::uint64_t address, std::uint64_t count = 1) const {
    if (count > (std::uint64_t{1} << 40)) return nullptr;
    return readable(address, count * sizeof(T)) ? at<const T>(address) : nullptr;
  }
  template <typename T>
  T* out(std::uint64_t address, std::uint64_t count = 1) const {
    if (count > (std::uint64_t{1} << 40)) return nullptr;
    return writable(address, count * sizeof(T)) ? at<T>(address) : nullptr;
  }

  // A string with its zero byte into `to`. Its length, or -EFAULT, -ENAMETOOLONG.
  std::int64_t copy_string(std::uint64_t address, char* to, std::size_t room) const;

 private:
  [[nodiscard]] bool within(std::uint64_t address, std::uint64_t bytes, bool write) const;

  struct Range {
    std::uint64_t begin, end;
    bool writable;
  };
  Range ranges_[kMostRanges]{};
  std::size_t count_ = 0;
  const Stacks* stacks_ = nullptr;
};

}  // namespace adyton::keep
