// SPDX-License-Identifier: Apache-2.0
// A mapping of memory that another process maps too. Everything read from it is hostile and may change at any time.
#pragma once

#include <cstddef>
#include <span>

#include <adyton/result.h>
#include "base/descriptor.h"

namespace adyton {

class SharedMemory {
 public:
  // New zeroed memory of `size_bytes`, its size sealed, close-on-exec.
  static Result<SharedMemory> make(std::size_t size_bytes);
  // Maps what `descriptor` refers to; invalid if its size is not sealed, or not between the limits.
  static Result<SharedMemory> open(Descriptor descriptor, std::size_t min_bytes, std::size_t max_bytes);
  SharedMemory(SharedMemory&& other) noexcept;
  SharedMemory& operator=(SharedMemory&& other) noexcept;
  ~SharedMemory();

  // The same mapping without owning it, for both ends of a channel in one process. Must not outlive the owner.
  [[nodiscard]] SharedMemory alias() const;

  [[nodiscard]] std::span<std::byte> bytes() const { return bytes_; }
  [[nodiscard]] const Descriptor& descriptor() const { return descriptor_; }

 private:
  SharedMemory(Descriptor descriptor, std::span<std::byte> bytes) : descriptor_(std::move(descriptor)), bytes_(bytes) {}
  Descriptor descriptor_;
  std::span<std::byte> bytes_;
};

}  // namespace adyton
