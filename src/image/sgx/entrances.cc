// SPDX-License-Identifier: Apache-2.0
#include "image/sgx/entrances.h"

#include <algorithm>

#include "base/cursor.h"
#include "image/elf_file.h"

namespace adyton {
namespace {

constexpr std::uint64_t kDisplacement = 4, kWord = 8;

std::uint64_t displacement_at(BytesView bytes, std::uint64_t offset) {
  const auto value = static_cast<std::int32_t>(load_le<std::uint32_t>(bytes, offset));
  return static_cast<std::uint64_t>(std::int64_t{value});
}

}  // namespace

void Entrances::search() {
  for (const Region& region : plan_.regions) {
    if (region.executable) see_displacements(region);
    see_words(region);
  }
  std::ranges::sort(found_);
}

bool Entrances::found(std::uint64_t address) const { return std::ranges::binary_search(found_, address); }

void Entrances::see_displacements(const Region& code) {
  const BytesView bytes = code.bytes;
  for (std::uint64_t at = 2; in_bounds(at, kDisplacement, bytes.size()); ++at) {
    const auto before = static_cast<unsigned>(bytes[at - 2]), last = static_cast<unsigned>(bytes[at - 1]);
    const bool jump = last == 0xe8 || last == 0xe9 || (before == 0x0f && (last & 0xf0) == 0x80);
    const bool computed = before == 0x8d && (last & 0xc7) == 0x05;  // lea, by the instruction pointer
    if (!jump && !computed) continue;
    const std::uint64_t address = code.address + at + kDisplacement + displacement_at(bytes, at);
    see(address);
    if (computed && address % kDisplacement == 0) see_table(address);
  }
}

void Entrances::see_table(std::uint64_t address) {
  constexpr std::uint64_t kMostEntries = 1024;
  const Region* region = find_region(plan_.regions, address, kDisplacement, true);
  if (region == nullptr || region->executable || region->writable) return;
  for (std::uint64_t entry = 0; entry < kMostEntries; ++entry) {
    const std::uint64_t offset = address - region->address + entry * kDisplacement;
    if (!in_bounds(offset, kDisplacement, region->bytes.size())) return;
    const std::uint64_t target = address + displacement_at(region->bytes, offset);
    if (target - code_.address >= asked_.size()) return;
    see(target);
  }
}

void Entrances::see_words(const Region& data) {
  const std::uint64_t first = (kWord - data.address % kWord) % kWord;
  for (std::uint64_t at = first; in_bounds(at, kWord, data.bytes.size()); at += kWord) {
    see(load_le<std::uint64_t>(data.bytes, at));
  }
}

}  // namespace adyton
