// SPDX-License-Identifier: Apache-2.0
#include "keep/host_interface.h"

#include <asm/errno.h>

#include "keep/address_unsafe.h"

namespace adyton::keep {

std::int64_t checked_result(std::uint64_t raw, std::uint64_t most) {
  const auto value = static_cast<std::int64_t>(raw);
  if (value < 0) return value >= -133 ? value : -EIO;  // EHWPOISON is the last one there is
  return raw <= most ? value : -EIO;
}

bool wholly_outside(std::uint64_t address, std::uint64_t bytes, std::uint64_t base, std::uint64_t size) {
  const std::uint64_t end = address + bytes;
  if (end < address) return false;
  return end <= base || address >= base + size;
}

void copy_to_host(std::uint64_t page, const void* from, std::size_t bytes) {
  auto* source = static_cast<const unsigned char*>(from);
  volatile auto* words = at<volatile std::uint64_t>(page);
  for (std::size_t done = 0; done < bytes; done += 8) {
    std::uint64_t word = 0;
    __builtin_memcpy(&word, source + done, bytes - done < 8 ? bytes - done : 8);
    words[done / 8] = word;
  }
}

void copy_from_host(void* to, std::uint64_t page, std::size_t bytes) {
  auto* target = static_cast<unsigned char*>(to);
  const volatile auto* words = at<const volatile std::uint64_t>(page);
  for (std::size_t done = 0; done < bytes; done += 8) {
    const std::uint64_t word = words[done / 8];
    __builtin_memcpy(target + done, &word, bytes - done < 8 ? bytes - done : 8);
  }
}

}  // namespace adyton::keep
