// SPDX-License-Identifier: Apache-2.0
#include "keep/user_memory.h"

#include <asm/errno.h>

namespace adyton::keep {

bool UserMemory::add(std::uint64_t begin, std::uint64_t end, bool writable) {
  if (count_ == kMostRanges || begin >= end) return false;
  ranges_[count_++] = {begin, end, writable};
  return true;
}

bool UserMemory::within(std::uint64_t address, std::uint64_t bytes, bool write) const {
  if (bytes == 0) return true;  // wherever they are
  for (std::size_t index = 0; index < count_; ++index) {
    const Range& range = ranges_[index];
    if (address >= range.begin && address <= range.end && bytes <= range.end - address) return range.writable || !write;
  }
  return stacks_ != nullptr && stacks_->contains(address) && bytes <= stacks_->left_from(address);
}

std::uint64_t UserMemory::readable_from(std::uint64_t address) const {
  for (std::size_t index = 0; index < count_; ++index) {
    if (address >= ranges_[index].begin && address < ranges_[index].end) return ranges_[index].end - address;
  }
  return stacks_ != nullptr && stacks_->contains(address) ? stacks_->left_from(address) : 0;
}

std::int64_t UserMemory::copy_string(std::uint64_t address, char* to, std::size_t room) const {
  const std::uint64_t most = readable_from(address);
  const auto* from = at<const char>(address);
  for (std::size_t length = 0; length < room; ++length) {
    if (length == most) return -EFAULT;
    to[length] = from[length];
    if (to[length] == 0) return static_cast<std::int64_t>(length);
  }
  return -ENAMETOOLONG;
}

}  // namespace adyton::keep
