// SPDX-License-Identifier: Apache-2.0
// ELF's fixed-size structures out of and into hostile bytes (System V ABI, chapters 4 and 5; names as in <elf.h>).
#pragma once

#include <cstring>
#include <type_traits>
#include <vector>

#include <elf.h>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include "base/cursor.h"
#include "image/image.h"

namespace adyton {

inline constexpr std::uint64_t kPageBytes = 4096;
constexpr std::uint64_t page_floor(std::uint64_t address) { return address & ~(kPageBytes - 1); }
constexpr std::uint64_t page_ceiling(std::uint64_t address) { return page_floor(address + kPageBytes - 1); }

// One of ELF's structures at `offset`. Requires that it lies within `bytes`.
template <class T>
  requires std::is_trivially_copyable_v<T>
T load_structure(BytesView bytes, std::uint64_t offset) {
  T out;
  std::memcpy(&out, bytes.subspan(offset, sizeof(T)).data(), sizeof(T));
  return out;
}

template <class T>
  requires std::is_trivially_copyable_v<T>
void append_structure(Bytes& out, const T& value) {
  append(out, std::as_bytes(std::span(&value, 1)));
}

// The ELF header of a static-PIE for x86-64; everything else is refused, if possible with the remedy.
Result<Elf64_Ehdr> read_elf_header(BytesView elf);

// The program headers, which lie within the file.
Result<std::vector<Elf64_Phdr>> read_program_headers(BytesView elf, const Elf64_Ehdr& header,
                                                     const ImageLimits& limits);

// The region that holds [address, address + size), in memory or (`in_file`) in bytes that come from the file; null
// without one.
const Region* find_region(const std::vector<Region>& regions, std::uint64_t address, std::uint64_t size, bool in_file);

// The bytes of the file at [address, address + size) in memory. Errors: invalid, if they are not all in one region.
Result<BytesView> loaded_bytes(const std::vector<Region>& regions, std::uint64_t address, std::uint64_t size);

}  // namespace adyton
