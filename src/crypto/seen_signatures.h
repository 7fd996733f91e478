// SPDX-License-Identifier: Apache-2.0
// The table behind SeenSignatures. Included by this room's sources only.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "crypto/crypto.h"
#include "crypto/parsed_objects.h"
#include "crypto/signature.h"

namespace adyton {

// A set of pairs of digests, of a key and of what it signed, that only grows, up to a capacity: open addressing, at
// most half full.
//
// A slot's first word goes once from zero to the pair's, by compare-and-swap, and only who won that writes the others,
// once each. So whatever moment a reader sees, eight words that all agree can only be those of one pair that was
// inserted; a slot half written just does not agree yet. Nothing is guarded by these words, so no ordering is needed.
struct SeenSignatures::Table {
  explicit Table(std::size_t capacity);
  [[nodiscard]] bool contains(const Digest256& key, const Digest256& message) const;
  void insert(const Digest256& key, const Digest256& message);

  static constexpr std::size_t kWords = 8;
  using Words = std::array<std::uint64_t, kWords>;
  ParsedObjects parsed;

 private:
  struct Free {
    void operator()(std::uint64_t* words) const { std::free(words); }
  };
  [[nodiscard]] std::uint64_t* slot(const Words& words, std::size_t probe) const {
    return words_.get() + ((words[0] + probe) & (slots_ - 1)) * kWords;
  }
  std::size_t capacity_, slots_;  // a power of two
  // From calloc(): pages in which nothing was ever put cost nothing, and who verifies once pays for few. Null when
  // there was no memory: then nothing is remembered.
  std::unique_ptr<std::uint64_t[], Free> words_;
  std::atomic<std::size_t> used_ = 0;
};

}  // namespace adyton
