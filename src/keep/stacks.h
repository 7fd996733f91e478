// SPDX-License-Identifier: Apache-2.0
// The application's stacks: one for each thread that there can be, each above guard pages that the enclave does not
// have, so that a stack that overflows faults, whatever the host does. The first is that of the first thread. Of the
// others the C library gets one where it maps a stack of the default size with a guard page; their pages were added
// unmeasured, and are wiped when they are given out.
//
// Each function returns what the system call does: a value, or minus errno. Not for several threads at a time.
#pragma once

#include <cstdint>

namespace adyton::keep {

class Stacks {
 public:
  static constexpr std::uint64_t kMost = 512;

  // `count` times `stride` bytes from `begin` on, of each of which the last `bytes` are a stack's and the others, a
  // page at least, guard it. The first one is taken. False: these numbers are none.
  [[nodiscard]] bool initialise(std::uint64_t begin, std::uint64_t stride, std::uint64_t bytes, std::uint64_t count);

  [[nodiscard]] bool contains(std::uint64_t address) const { return address - begin_ < stride_ * count_; }
  [[nodiscard]] std::uint64_t stack(std::uint64_t index) const { return begin_ + (index + 1) * stride_ - bytes_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] bool taken(std::uint64_t index) const { return (taken_[index / 64] >> (index % 64) & 1) != 0; }
  [[nodiscard]] std::uint64_t taken_bytes() const;

  // How many bytes from `address` on are a stack's, whether it is taken or not. Requires: contains(address).
  [[nodiscard]] std::uint64_t left_from(std::uint64_t address) const {
    // Divided as 32 bits, which is quicker: there are fewer pages than that.
    const auto page = static_cast<std::uint32_t>((address - begin_) / 4096);
    const std::uint64_t end = begin_ + (page / static_cast<std::uint32_t>(stride_ / 4096) + 1) * stride_;
    return end - address <= bytes_ ? end - address : 0;
  }

  // Whether the range lies in a taken stack with the page below it. Requires: contains(address).
  [[nodiscard]] bool has(std::uint64_t address, std::uint64_t bytes) const { return find(address, bytes) != count_; }
  // mmap() of a stack: the guard's last page and the stack. 0: it is of another size, or none is left.
  std::uint64_t map(std::uint64_t bytes, std::uint64_t protection, std::uint64_t flags);
  // Requires of these: contains(address). munmap() takes the whole of what map() gave.
  std::int64_t unmap(std::uint64_t address, std::uint64_t bytes);
  std::int64_t protect(std::uint64_t address, std::uint64_t bytes, std::uint64_t protection) const;
  std::int64_t advise(std::uint64_t address, std::uint64_t bytes, std::uint64_t advice) const;

 private:
  // Index of the taken stack in which, with the page below it, the range lies; count() if there is none.
  [[nodiscard]] std::uint64_t find(std::uint64_t address, std::uint64_t bytes) const;

  std::uint64_t begin_ = 0, stride_ = 0, bytes_ = 0, count_ = 0;
  std::uint64_t taken_[kMost / 64]{};
};

}  // namespace adyton::keep
