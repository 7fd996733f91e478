// SPDX-License-Identifier: Apache-2.0
#include "keep/stacks.h"

#include <asm/errno.h>
#include <linux/mman.h>

#include "keep/address_unsafe.h"

namespace adyton::keep {

bool Stacks::initialise(std::uint64_t begin, std::uint64_t stride, std::uint64_t bytes, std::uint64_t count) {
  if (begin % kPage != 0 || stride % kPage != 0 || bytes % kPage != 0 || bytes == 0 || stride < bytes + kPage ||
      count == 0 || count > kMost) {
    return false;
  }
  begin_ = begin;
  stride_ = stride;
  bytes_ = bytes;
  count_ = count;
  taken_[0] = 1;
  __builtin_memset(at<void>(stack(0)), 0, bytes_);
  return true;
}

std::uint64_t Stacks::taken_bytes() const {
  std::uint64_t sum = 0;
  for (std::uint64_t index = 0; index < count_; ++index) sum += taken(index) ? bytes_ : 0;
  return sum;
}

std::uint64_t Stacks::map(std::uint64_t bytes, std::uint64_t protection, std::uint64_t flags) {
  constexpr std::uint64_t kWanted = MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK;
  constexpr std::uint64_t kFixed = MAP_FIXED | MAP_FIXED_NOREPLACE;
  if (page_ceiling(bytes) != bytes_ + kPage || protection != PROT_NONE || (flags & (kWanted | kFixed)) != kWanted) {
    return 0;
  }
  for (std::uint64_t index = 0; index < count_; ++index) {
    if (taken(index)) continue;
    taken_[index / 64] |= std::uint64_t{1} << (index % 64);
    __builtin_memset(at<void>(stack(index)), 0, bytes_);
    return stack(index) - kPage;
  }
  return 0;
}

std::uint64_t Stacks::find(std::uint64_t address, std::uint64_t bytes) const {
  const std::uint64_t index = (address - begin_) / stride_;
  if (index >= count_ || !taken(index)) return count_;
  const std::uint64_t begin = stack(index) - kPage, end = begin + kPage + bytes_;
  return address >= begin && bytes <= end - address ? index : count_;
}

std::int64_t Stacks::unmap(std::uint64_t address, std::uint64_t bytes) {
  const std::uint64_t index = find(address, page_ceiling(bytes));
  // The first thread's stays, as it is nowhere mapped.
  if (index == count_ || index == 0 || page_ceiling(bytes) != bytes_ + kPage) return -EINVAL;
  taken_[index / 64] &= ~(std::uint64_t{1} << (index % 64));
  return 0;
}

std::int64_t Stacks::protect(std::uint64_t address, std::uint64_t bytes, std::uint64_t protection) const {
  bytes = page_ceiling(bytes);
  if (address % kPage != 0 || (protection & ~std::uint64_t{PROT_READ | PROT_WRITE | PROT_EXEC}) != 0) return -EINVAL;
  if ((protection & PROT_EXEC) != 0) return -EACCES;
  const std::uint64_t index = find(address, bytes);
  if (index == count_) return -ENOMEM;
  return address >= stack(index) || protection == PROT_NONE || bytes == 0 ? 0 : -ENOMEM;
}

std::int64_t Stacks::advise(std::uint64_t address, std::uint64_t bytes, std::uint64_t advice) const {
  bytes = page_ceiling(bytes);
  if (address % kPage != 0) return -EINVAL;
  const std::uint64_t index = find(address, bytes);
  if (index == count_) return -ENOMEM;
  if (advice != MADV_DONTNEED && advice != MADV_FREE) return advice <= MADV_COLLAPSE ? 0 : -EINVAL;
  const std::uint64_t begin = address >= stack(index) ? address : stack(index);
  if (begin < address + bytes) __builtin_memset(at<void>(begin), 0, address + bytes - begin);
  return 0;
}

}  // namespace adyton::keep
