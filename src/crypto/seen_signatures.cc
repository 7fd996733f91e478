// SPDX-License-Identifier: Apache-2.0
#include "crypto/seen_signatures.h"

#include <algorithm>
#include <array>
#include <bit>

#include "base/cursor.h"

namespace adyton {
namespace {

// At half load a run this long is as good as never: what does not fit is not remembered.
constexpr std::size_t kMaxProbes = 64;
constexpr std::size_t kMaxCapacity = std::size_t{1} << 24;

using Words = std::array<std::uint64_t, 4>;

Words words_of(const Digest256& digest) {
  Words words;
  for (std::size_t i = 0; i < words.size(); ++i) words[i] = load_le<std::uint64_t>(digest, i * 8);
  if (words[0] == 0) words[0] = 1;  // zero marks an empty slot
  return words;
}

}  // namespace

SeenSignatures::Table::Table(std::size_t capacity)
    : capacity_(std::clamp<std::size_t>(capacity, 1, kMaxCapacity)), slots_(std::bit_ceil(2 * capacity_)) {}

bool SeenSignatures::Table::contains(const Digest256& digest) const {
  const Words wanted = words_of(digest);
  for (std::size_t probe = 0; probe < std::min(kMaxProbes, slots_.size()); ++probe) {
    const Slot& slot = slots_[(wanted[0] + probe) & (slots_.size() - 1)];
    const std::uint64_t first = slot.words[0].load(std::memory_order_relaxed);
    if (first == 0) return false;
    if (first != wanted[0]) continue;
    bool same = true;
    for (std::size_t i = 1; i < wanted.size(); ++i) {
      same = same && slot.words[i].load(std::memory_order_relaxed) == wanted[i];
    }
    if (same) return true;
  }
  return false;
}

void SeenSignatures::Table::insert(const Digest256& digest) {
  if (used_.fetch_add(1, std::memory_order_relaxed) >= capacity_) {
    used_.fetch_sub(1, std::memory_order_relaxed);
    return;
  }
  const Words words = words_of(digest);
  for (std::size_t probe = 0; probe < std::min(kMaxProbes, slots_.size()); ++probe) {
    Slot& slot = slots_[(words[0] + probe) & (slots_.size() - 1)];
    std::uint64_t expected = 0;
    if (slot.words[0].compare_exchange_strong(expected, words[0], std::memory_order_relaxed)) {
      for (std::size_t i = 1; i < words.size(); ++i) slot.words[i].store(words[i], std::memory_order_relaxed);
      return;
    }
    // Another thread is learning the same: it will be there.
    if (expected == words[0]) break;
  }
  used_.fetch_sub(1, std::memory_order_relaxed);
}

SeenSignatures::SeenSignatures(std::size_t capacity) : table_(std::make_unique<Table>(capacity)) {}
SeenSignatures::~SeenSignatures() = default;

}  // namespace adyton
