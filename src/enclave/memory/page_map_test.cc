// SPDX-License-Identifier: Apache-2.0
#include "enclave/memory/page_map.h"

#include <array>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace adyton {
namespace {

constexpr std::size_t kPages = 333;

TEST(PageMap, FindsTheHighestRunThatFits) {
  std::array<std::uint64_t, PageMap::words_for(kPages)> words{};
  PageMap map(words.data(), kPages);
  EXPECT_EQ(map.find_highest(1), kPages - 1);
  EXPECT_EQ(map.find_highest(kPages), 0u);
  EXPECT_EQ(map.find_highest(kPages + 1), PageMap::kNone);
  map.take(300, 33);
  EXPECT_EQ(map.find_highest(10), 290u);
  map.take(295, 2);
  EXPECT_EQ(map.find_highest(3), 297u);
  EXPECT_EQ(map.find_highest(4), 291u);
  map.give(300, 1);
  EXPECT_EQ(map.find_highest(4), 297u);
  map.take(0, kPages);
  EXPECT_EQ(map.find_highest(1), PageMap::kNone);
}

TEST(PageMap, AgreesWithANaiveMap) {
  std::array<std::uint64_t, PageMap::words_for(kPages)> words{};
  PageMap map(words.data(), kPages);
  std::vector<bool> naive(kPages);
  std::mt19937 random(7);
  auto below = [&](std::size_t limit) { return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random); };
  auto naive_highest = [&](std::size_t count) {
    for (std::size_t first = kPages - count + 1; first-- > 0;) {
      bool free = true;
      for (std::size_t i = first; i < first + count; ++i) free = free && !naive[i];
      if (free) return first;
    }
    return PageMap::kNone;
  };
  for (int round = 0; round < 4'000; ++round) {
    const std::size_t first = below(kPages);
    const std::size_t count = 1 + below(std::min<std::size_t>(kPages - first, 140));
    const bool take = below(2) == 0;
    take ? map.take(first, count) : map.give(first, count);
    std::fill_n(naive.begin() + static_cast<std::ptrdiff_t>(first), count, take);
    const std::size_t page = below(kPages);
    ASSERT_EQ(map.taken(page), naive[page]);
    std::size_t end = page;
    while (end < kPages && naive[end] == naive[page]) ++end;
    ASSERT_EQ(map.end_of(naive[page], page, kPages), end);
    const std::size_t wanted = 1 + below(150);
    ASSERT_EQ(map.find_highest(wanted), naive_highest(wanted)) << wanted;
  }
}

}  // namespace
}  // namespace adyton
