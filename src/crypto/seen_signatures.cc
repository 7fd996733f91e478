// SPDX-License-Identifier: Apache-2.0
#include "crypto/seen_signatures.h"

#include <algorithm>
#include <atomic>
#include <bit>

#include "base/cursor.h"

namespace adyton {
namespace {

// At half load a run this long is as good as never: what does not fit is not remembered.
constexpr std::size_t kMaxProbes = 64;
constexpr std::size_t kMaxCapacity = std::size_t{1} << 24;

// The first word finds the slot: it must not be the same for all that one key signed, nor for what several keys signed.
SeenSignatures::Table::Words words_of(const Digest256& key, const Digest256& message) {
  SeenSignatures::Table::Words words;
  for (std::size_t i = 0; i < 4; ++i) {
    words[i] = load_le<std::uint64_t>(message, i * 8);
    words[4 + i] = load_le<std::uint64_t>(key, i * 8);
  }
  words[0] ^= words[4];
  if (words[0] == 0) words[0] = 1;  // zero marks an empty slot
  return words;
}

std::atomic_ref<std::uint64_t> atomic(std::uint64_t& word) { return std::atomic_ref<std::uint64_t>(word); }

}  // namespace

SeenSignatures::Table::Table(std::size_t capacity)
    : capacity_(std::clamp<std::size_t>(capacity, 1, kMaxCapacity)),
      slots_(std::bit_ceil(2 * capacity_)),
      words_(static_cast<std::uint64_t*>(std::calloc(slots_ * kWords, sizeof(std::uint64_t)))) {}

bool SeenSignatures::Table::contains(const Digest256& key, const Digest256& message) const {
  if (!words_) return false;
  const Words wanted = words_of(key, message);
  for (std::size_t probe = 0; probe < std::min(kMaxProbes, slots_); ++probe) {
    std::uint64_t* found = slot(wanted, probe);
    const std::uint64_t first = atomic(found[0]).load(std::memory_order_relaxed);
    if (first == 0) return false;
    if (first != wanted[0]) continue;
    bool same = true;
    for (std::size_t i = 1; i < kWords; ++i) {
      same = same && atomic(found[i]).load(std::memory_order_relaxed) == wanted[i];
    }
    if (same) return true;
  }
  return false;
}

void SeenSignatures::Table::insert(const Digest256& key, const Digest256& message) {
  if (!words_) return;
  if (used_.fetch_add(1, std::memory_order_relaxed) >= capacity_) {
    used_.fetch_sub(1, std::memory_order_relaxed);
    return;
  }
  const Words words = words_of(key, message);
  for (std::size_t probe = 0; probe < std::min(kMaxProbes, slots_); ++probe) {
    std::uint64_t* found = slot(words, probe);
    std::uint64_t expected = 0;
    if (atomic(found[0]).compare_exchange_strong(expected, words[0], std::memory_order_relaxed)) {
      for (std::size_t i = 1; i < kWords; ++i) atomic(found[i]).store(words[i], std::memory_order_relaxed);
      return;
    }
    // Another thread is learning the same: it will be there.
    if (expected == words[0]) break;
  }
  used_.fetch_sub(1, std::memory_order_relaxed);
}

SeenSignatures::SeenSignatures(std::size_t capacity) : table_(std::make_unique<Table>(capacity)) {}
SeenSignatures::~SeenSignatures() = default;
ParsedObjects& SeenSignatures::parsed() { return table_->parsed; }

}  // namespace adyton
