// SPDX-License-Identifier: Apache-2.0
// From an address that was checked to a pointer: the one place where the keep kernel's numbers become memory.
#pragma once

#include <cstdint>

namespace adyton::keep {

// Requires: the caller has checked that `address` is memory for a T (UserMemory, PageAllocator, KeepConfig).
template <typename T>
T* at(std::uint64_t address) {
  // SAFETY: see the requirement; the keep kernel has no other way to name memory that it did not declare.
  return reinterpret_cast<T*>(address);
}

inline std::uint64_t address_of(const void* pointer) {
  // SAFETY: only for arithmetic and for handing out.
  return reinterpret_cast<std::uint64_t>(pointer);
}

inline constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t page_floor(std::uint64_t value) { return value & ~(kPage - 1); }
constexpr std::uint64_t page_ceiling(std::uint64_t value) { return page_floor(value + kPage - 1); }  // may wrap to 0

}  // namespace adyton::keep
