// SPDX-License-Identifier: Apache-2.0
#include "enclave/memory/page_map.h"

#include <atomic>

namespace adyton {

std::uint64_t PageMap::word(std::size_t index) const {
  return std::atomic_ref(words_[index]).load(std::memory_order_relaxed);
}

void PageMap::set(std::size_t first, std::size_t count, bool taken) {
  const std::size_t end = first + count;
  for (std::size_t page = first; page < end;) {
    const std::size_t low = page % 64;
    const std::size_t high = end - page < 64 - low ? low + (end - page) : 64;
    const std::uint64_t mask = (high == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << high) - 1) & ~std::uint64_t{0}
                                                                                                       << low;
    const std::uint64_t old = word(page / 64);
    std::atomic_ref(words_[page / 64]).store(taken ? old | mask : old & ~mask, std::memory_order_relaxed);
    page += high - low;
  }
}

std::size_t PageMap::end_of(bool wanted, std::size_t first, std::size_t end) const {
  const std::uint64_t uniform = wanted ? ~std::uint64_t{0} : 0;
  std::size_t page = first;
  while (page < end) {
    if (page % 64 == 0 && word(page / 64) == uniform) {
      page += 64;
    } else if (taken(page) == wanted) {
      ++page;
    } else {
      return page;
    }
  }
  return end;
}

std::size_t PageMap::find_highest(std::size_t count) const {
  std::size_t run = 0;
  for (std::size_t page = pages_; page > 0;) {
    if (page % 64 == 0 && word(page / 64 - 1) == ~std::uint64_t{0}) {
      run = 0;
      page -= 64;
    } else if (page % 64 == 0 && word(page / 64 - 1) == 0 && run + 64 < count) {
      run += 64;
      page -= 64;
    } else {
      --page;
      run = taken(page) ? 0 : run + 1;
      if (run == count) return page;
    }
  }
  return kNone;
}

}  // namespace adyton
