// SPDX-License-Identifier: Apache-2.0
// Which pages of a pool are taken: one bit a page. Plain arithmetic on memory the caller gives, so that it works before
// the C library is set up and can be tested anywhere.
#pragma once

#include <cstddef>
#include <cstdint>

namespace adyton {

// Every range given must lie within the map. One thread at a time may change it; others may meanwhile ask about pages
// whose bits do not change.
class PageMap {
 public:
  static constexpr std::size_t kNone = ~std::size_t{0};

  // How many 64-bit words a map of `pages` needs.
  static constexpr std::size_t words_for(std::size_t pages) { return (pages + 63) / 64; }

  // Empty, or over words_for(pages) zeroed words: all pages free.
  constexpr PageMap() = default;
  constexpr PageMap(std::uint64_t* words, std::size_t pages) : words_(words), pages_(pages) {}

  [[nodiscard]] std::size_t pages() const { return pages_; }
  [[nodiscard]] bool taken(std::size_t page) const { return (word(page / 64) >> (page % 64) & 1) != 0; }
  void take(std::size_t first, std::size_t count) { set(first, count, true); }
  void give(std::size_t first, std::size_t count) { set(first, count, false); }

  // The first page at or after `first`, before `end`, whose bit is not `taken`; `end` if there is none.
  [[nodiscard]] std::size_t end_of(bool taken, std::size_t first, std::size_t end) const;

  // The start of the highest run of `count` (>= 1) free pages, or kNone.
  [[nodiscard]] std::size_t find_highest(std::size_t count) const;

 private:
  [[nodiscard]] std::uint64_t word(std::size_t index) const;
  void set(std::size_t first, std::size_t count, bool taken);
  std::uint64_t* words_ = nullptr;
  std::size_t pages_ = 0;
};

}  // namespace adyton
