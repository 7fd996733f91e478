// SPDX-License-Identifier: Apache-2.0
#include "keep/vectors.h"

#include <linux/mman.h>

namespace adyton::keep {

Vectors::Vectors(Kernel& kernel, std::uint64_t address, std::uint64_t count, bool write) : kernel_(kernel) {
  if (count > kMost) error_ = -EINVAL;
  if (count == 0 || error_ < 0) return;
  pieces_ = kernel.user.in<Piece>(address, count);
  if (pieces_ == nullptr) error_ = -EFAULT;
  constexpr std::uint64_t kMostBytes = 0x7ffff000;  // as Linux moves at once
  for (; error_ == 0 && count_ < count && bytes_ < kMostBytes; ++count_) {
    const Piece one = pieces_[count_];
    if (static_cast<std::int64_t>(one.bytes) < 0) {
      error_ = -EINVAL;
    } else if (!(write ? kernel.user.writable(one.address, one.bytes) : kernel.user.readable(one.address, one.bytes))) {
      error_ = -EFAULT;
    }
    bytes_ += one.bytes < kMostBytes - bytes_ ? one.bytes : kMostBytes - bytes_;
  }
}

Vectors::Piece Vectors::piece(std::uint64_t offset) const {
  for (std::uint64_t index = 0; index < count_; ++index) {
    const Piece one = pieces_[index];
    if (offset < one.bytes) return {one.address + offset, one.bytes - offset};
    offset -= one.bytes;
  }
  return {};
}

// Looked at anew: other threads of the application may have written there since.
bool Vectors::take(std::uint64_t offset, void* to, std::uint64_t bytes) const {
  for (std::uint64_t done = 0; done < bytes;) {
    Piece one = piece(offset + done);
    if (one.bytes > bytes - done) one.bytes = bytes - done;
    if (one.bytes == 0 || !kernel_.user.readable(one.address, one.bytes)) return false;
    __builtin_memcpy(static_cast<char*>(to) + done, at<const void>(one.address), one.bytes);
    done += one.bytes;
  }
  return true;
}

bool Vectors::give(std::uint64_t offset, const void* from, std::uint64_t bytes) const {
  for (std::uint64_t done = 0; done < bytes;) {
    Piece one = piece(offset + done);
    if (one.bytes > bytes - done) one.bytes = bytes - done;
    if (one.bytes == 0 || !kernel_.user.writable(one.address, one.bytes)) return false;
    __builtin_memcpy(at<void>(one.address), static_cast<const char*>(from) + done, one.bytes);
    done += one.bytes;
  }
  return true;
}

Joined::Joined(Kernel& kernel, std::uint64_t bytes) : kernel_(kernel), bytes_(page_ceiling(bytes)) {
  if (bytes <= sizeof(small_)) return;
  const Locked locked(kernel.memory_lock);
  const std::int64_t address = kernel.memory.map(0, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
  data_ = address > 0 ? at<void>(static_cast<std::uint64_t>(address)) : nullptr;
}

Joined::~Joined() {
  if (data_ == nullptr || data_ == small_) return;
  const Locked locked(kernel_.memory_lock);
  kernel_.memory.unmap(address_of(data_), bytes_);
}

}  // namespace adyton::keep
