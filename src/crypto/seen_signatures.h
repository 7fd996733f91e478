// SPDX-License-Identifier: Apache-2.0
// The table behind SeenSignatures. Included by this room's sources only.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "crypto/crypto.h"
#include "crypto/signature.h"

namespace adyton {

// A set of digests that only grows, up to a capacity: open addressing, at most half full.
//
// A slot's first word goes once from zero to the digest's, by compare-and-swap, and only who won that writes the other
// three, once each. So whatever moment a reader sees, four words that all agree can only be those of one digest that
// was inserted; a slot half written just does not agree yet. Nothing is guarded by these words, so no ordering is
// needed.
struct SeenSignatures::Table {
  explicit Table(std::size_t capacity);
  [[nodiscard]] bool contains(const Digest256& digest) const;
  void insert(const Digest256& digest);

 private:
  struct Slot {
    std::atomic<std::uint64_t> words[4];
  };
  std::size_t capacity_;
  std::vector<Slot> slots_;  // a power of two
  std::atomic<std::size_t> used_ = 0;
};

}  // namespace adyton
