// SPDX-License-Identifier: Apache-2.0
#include "keep/page_allocator.h"

#include <gtest/gtest.h>
#include <linux/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <vector>

#include "keep/address_unsafe.h"
#include "keep/malloc_arenas.h"

namespace adyton::keep {
namespace {

constexpr std::uint64_t kBoth = PROT_READ | PROT_WRITE, kPrivate = MAP_PRIVATE | MAP_ANONYMOUS;

class PageAllocatorTest : public testing::Test {
 protected:
  static constexpr std::uint64_t kPages = 512;
  PageAllocatorTest() {
    std::memset(memory_.get(), 0xa5, kPages * kPage);  // as a host may leave it
    EXPECT_TRUE(pages_.initialise(base(), base() + kPages * kPage));
  }
  std::uint64_t base() const { return address_of(memory_.get()); }
  static bool zero(std::uint64_t address, std::uint64_t bytes) {
    const auto* begin = at<const char>(address);
    return std::all_of(begin, begin + bytes, [](char byte) { return byte == 0; });
  }
  std::uint64_t map(std::uint64_t pages, std::uint64_t protection = kBoth) {
    const std::int64_t address = pages_.map(0, pages * kPage, protection, kPrivate);
    EXPECT_GT(address, 0);
    return static_cast<std::uint64_t>(address);
  }

  struct Free {
    void operator()(void* memory) const { std::free(memory); }
  };
  std::unique_ptr<void, Free> memory_{std::aligned_alloc(kPage, kPages* kPage)};
  PageAllocator pages_;
};

TEST_F(PageAllocatorTest, PagesAreWipedBeforeTheyAreSeen) {
  const std::uint64_t first = map(4);
  EXPECT_TRUE(zero(first, 4 * kPage));
  std::memset(at<void>(first), 1, 4 * kPage);
  EXPECT_EQ(pages_.unmap(first, 4 * kPage), 0);
  EXPECT_EQ(map(4), first);
  EXPECT_TRUE(zero(first, 4 * kPage));
}

TEST_F(PageAllocatorTest, WhatNobodyMayReadIsWipedWhenSomebodyMay) {
  const std::uint64_t reserved = map(8, PROT_NONE);
  EXPECT_FALSE(zero(reserved, 8 * kPage));  // no work for what may never be used
  EXPECT_EQ(pages_.protect(reserved + kPage, 2 * kPage, kBoth), 0);
  EXPECT_TRUE(zero(reserved + kPage, 2 * kPage));
  std::memset(at<void>(reserved + kPage), 1, 2 * kPage);
  EXPECT_EQ(pages_.protect(reserved, 8 * kPage, PROT_READ), 0);
  EXPECT_FALSE(zero(reserved + kPage, kPage));  // content survives
  EXPECT_TRUE(zero(reserved + 3 * kPage, 5 * kPage));
}

// As malloc wants its arenas: then it need not map twice of them to find such a place.
TEST_F(PageAllocatorTest, WhatIsReservedInLargePiecesIsAlignedIfItCanBe) {
  constexpr std::uint64_t kArena = kLeastArenaBytes, kAll = 5 * kArena;
  const std::unique_ptr<void, Free> memory{std::aligned_alloc(kArena, kAll)};
  const std::uint64_t begin = address_of(memory.get());
  PageAllocator pages;
  const auto place_of = [&](std::uint64_t bytes) { return pages.map(0, bytes, PROT_NONE, kPrivate) % kArena; };
  ASSERT_TRUE(pages.initialise(begin, begin + kAll));
  EXPECT_NE(place_of(kPage), 0);  // now nothing that ends where the heap does is aligned
  EXPECT_EQ(place_of(kArena), 0);
  EXPECT_EQ(place_of(kArena), 0);
  EXPECT_NE(place_of(kArena / 2), 0);
  EXPECT_EQ(place_of(kArena), 0);  // there is one such place left

  ASSERT_TRUE(pages.initialise(begin + kPage, begin + 2 * kArena - kPage));
  EXPECT_GT(place_of(kArena), 0);
}

TEST_F(PageAllocatorTest, BreakGrowsAndShrinks) {
  const auto start = static_cast<std::uint64_t>(pages_.set_break(0));
  EXPECT_EQ(pages_.set_break(start + 100), static_cast<std::int64_t>(start + 100));
  EXPECT_TRUE(zero(start, 100));
  std::memset(at<void>(start), 1, 100);
  EXPECT_EQ(pages_.set_break(start + 3 * kPage), static_cast<std::int64_t>(start + 3 * kPage));
  EXPECT_EQ(*at<char>(start), 1);
  EXPECT_EQ(pages_.set_break(start), static_cast<std::int64_t>(start));
  EXPECT_EQ(pages_.taken_bytes(), 0u);
  EXPECT_EQ(pages_.set_break(base() + kPages * kPage + 1), static_cast<std::int64_t>(start));
  EXPECT_EQ(pages_.set_break(base()), static_cast<std::int64_t>(start));
  const std::uint64_t in_the_way = start + 2 * kPage;
  EXPECT_EQ(pages_.map(in_the_way, kPage, kBoth, kPrivate | MAP_FIXED), static_cast<std::int64_t>(in_the_way));
  EXPECT_EQ(pages_.set_break(start + 3 * kPage), static_cast<std::int64_t>(start));
}

TEST_F(PageAllocatorTest, RemapKeepsContentAndGivesOldPagesBack) {
  const std::uint64_t upper = map(2), lower = map(2);
  ASSERT_EQ(lower + 2 * kPage, upper);
  std::memset(at<void>(lower), 7, 2 * kPage);
  EXPECT_EQ(pages_.remap(lower, 2 * kPage, 4 * kPage, 0, 0), -ENOMEM);
  const std::int64_t moved = pages_.remap(lower, 2 * kPage, 4 * kPage, MREMAP_MAYMOVE, 0);
  ASSERT_GT(moved, 0);
  EXPECT_EQ(*at<char>(static_cast<std::uint64_t>(moved) + 2 * kPage - 1), 7);
  EXPECT_TRUE(zero(static_cast<std::uint64_t>(moved) + 2 * kPage, 2 * kPage));
  EXPECT_TRUE(pages_.areas().is_free(lower, upper));
  EXPECT_EQ(pages_.remap(static_cast<std::uint64_t>(moved), 4 * kPage, kPage, 0, 0), moved);
  EXPECT_EQ(pages_.taken_bytes(), 3 * kPage);
  EXPECT_EQ(pages_.remap(lower, kPage, kPage, 0, 0), -EFAULT);
}

TEST_F(PageAllocatorTest, NonsenseIsRefused) {
  const std::uint64_t end = base() + kPages * kPage, some = map(1);
  EXPECT_EQ(pages_.map(0, 0, kBoth, kPrivate), -EINVAL);
  EXPECT_EQ(pages_.map(0, ~0ull, kBoth, kPrivate), -ENOMEM);
  EXPECT_EQ(pages_.map(0, 1ull << 63, kBoth, kPrivate), -ENOMEM);
  EXPECT_EQ(pages_.map(0, kPages * kPage, kBoth, kPrivate), -ENOMEM);
  EXPECT_EQ(pages_.map(0, kPage, PROT_EXEC | PROT_READ, kPrivate), -EACCES);
  EXPECT_EQ(pages_.map(end, kPage, kBoth, kPrivate | MAP_FIXED), -ENOMEM);
  EXPECT_EQ(pages_.map(base(), kPage, kBoth, kPrivate | MAP_FIXED), -ENOMEM);  // the table of areas
  EXPECT_EQ(pages_.map(std::uint64_t(0) - kPage, kPage, kBoth, kPrivate | MAP_FIXED), -ENOMEM);
  EXPECT_EQ(pages_.map(some, kPage, kBoth, kPrivate | MAP_FIXED_NOREPLACE), -EEXIST);
  EXPECT_EQ(pages_.unmap(base(), kPage), -EINVAL);
  EXPECT_EQ(pages_.unmap(some + 1, kPage), -EINVAL);
  EXPECT_EQ(pages_.unmap(some, ~0ull - kPage), -EINVAL);
  EXPECT_EQ(pages_.protect(some, 2 * kPage, PROT_READ), -ENOMEM);
  EXPECT_EQ(pages_.protect(some, kPage, PROT_READ | PROT_EXEC), -EACCES);
  EXPECT_EQ(pages_.advise(some, 2 * kPage, MADV_DONTNEED), -ENOMEM);
  EXPECT_EQ(pages_.advise(some, kPage, 12345), -EINVAL);
}

// With every place in the table taken: what makes no more of them still works, and the rest says that there is no room.
TEST_F(PageAllocatorTest, AFullTableStillGivesBack) {
  constexpr std::uint64_t kMost = 9;
  PageAllocator pages;
  ASSERT_TRUE(pages.initialise(base(), base() + kPages * kPage, kMost));
  const auto begin = static_cast<std::uint64_t>(pages.map(0, 64 * kPage, kBoth, kPrivate));
  const auto at_page = [&](std::uint64_t page) { return begin + page * kPage; };
  for (std::uint64_t page = 1; page < kMost; page += 2) EXPECT_EQ(pages.protect(at_page(page), kPage, PROT_READ), 0);
  ASSERT_EQ(pages.areas().count(), kMost);
  // Would be more.
  EXPECT_EQ(pages.protect(at_page(20), kPage, PROT_READ), -ENOMEM);
  EXPECT_EQ(pages.unmap(at_page(20), kPage), -ENOMEM);
  EXPECT_EQ(pages.map(at_page(20), kPage, PROT_READ, kPrivate | MAP_FIXED), -ENOMEM);
  EXPECT_EQ(pages.map(0, kPage, PROT_READ, kPrivate), -ENOMEM);
  EXPECT_EQ(pages.remap(at_page(1), kPage, 2 * kPage, MREMAP_MAYMOVE, 0), -ENOMEM);
  EXPECT_EQ(pages.areas().count(), kMost);
  EXPECT_EQ(pages.taken_bytes(), 64 * kPage);
  // Would be as many, or fewer.
  EXPECT_GT(pages.map(0, kPage, kBoth, kPrivate), 0);  // joins its neighbour
  EXPECT_EQ(pages.map(at_page(1), kPage, kBoth, kPrivate | MAP_FIXED), static_cast<std::int64_t>(at_page(1)));
  EXPECT_EQ(pages.areas().count(), kMost - 2);
  EXPECT_EQ(pages.protect(at_page(20), kPage, PROT_READ), 0);
  ASSERT_EQ(pages.areas().count(), kMost);
  EXPECT_EQ(pages.unmap(at_page(63), kPage), 0);
  EXPECT_EQ(pages.remap(at_page(20), kPage, kPage, 0, 0), static_cast<std::int64_t>(at_page(20)));
  const auto end = static_cast<std::uint64_t>(pages.set_break(0));
  EXPECT_EQ(pages.set_break(end + kPage), static_cast<std::int64_t>(end));  // one more
  EXPECT_EQ(pages.unmap(at_page(0), 64 * kPage), 0);
  EXPECT_EQ(pages.areas().count(), 1u);
  EXPECT_EQ(pages.set_break(end + kPage), static_cast<std::int64_t>(end + kPage));
}

// As many areas as there are pages, and no page is without its place.
TEST_F(PageAllocatorTest, EveryPageCanBeAnAreaOfItsOwn) {
  const std::uint64_t count = (pages_.end() - pages_.begin()) / kPage;
  const std::uint64_t begin = map(count);
  for (std::uint64_t page = 0; page < count; page += 2) {
    ASSERT_EQ(pages_.protect(begin + page * kPage, kPage, PROT_READ), 0) << page;
  }
  EXPECT_EQ(pages_.areas().count(), count);
  for (std::uint64_t page = 1; page < count; page += 2) EXPECT_EQ(pages_.unmap(begin + page * kPage, kPage), 0);
  EXPECT_EQ(pages_.unmap(begin, count * kPage), 0);
  EXPECT_EQ(pages_.areas().count(), 0u);
}

// Against one byte a page.
TEST_F(PageAllocatorTest, AnyRunAgreesWithAModel) {
  const std::uint64_t begin = pages_.begin(), count = (pages_.end() - begin) / kPage;
  std::vector<int> model(count, -1);  // -1: free, else the protection
  std::mt19937 random(7);
  const auto run = [&](std::uint64_t most) { return 1 + random() % most; };
  for (int step = 0; step < 20'000; ++step) {
    const std::uint64_t first = random() % count, pages = std::min<std::uint64_t>(run(12), count - first);
    const std::uint64_t address = begin + first * kPage, bytes = pages * kPage;
    const auto set = [&](std::uint64_t from, int value) { std::fill_n(model.begin() + long(from), pages, value); };
    const bool all = std::none_of(model.begin() + long(first), model.begin() + long(first + pages),
                                  [](int page) { return page < 0; });
    const std::uint64_t protection = random() % 3 == 0 ? PROT_NONE : random() % 2 == 0 ? PROT_READ : kBoth;
    switch (random() % 4) {
      case 0: {
        const std::int64_t got = pages_.map(0, bytes, protection, kPrivate);
        if (got < 0) break;
        const std::uint64_t at_page = (static_cast<std::uint64_t>(got) - begin) / kPage;
        for (std::uint64_t page = at_page; page < at_page + pages; ++page) ASSERT_EQ(model[page], -1);
        set(at_page, static_cast<int>(protection));
        break;
      }
      case 1:
        ASSERT_EQ(pages_.map(address, bytes, protection, kPrivate | MAP_FIXED), static_cast<std::int64_t>(address));
        set(first, static_cast<int>(protection));
        break;
      case 2:
        ASSERT_EQ(pages_.unmap(address, bytes), 0);
        set(first, -1);
        break;
      default:
        ASSERT_EQ(pages_.protect(address, bytes, protection), all ? 0 : -ENOMEM);
        if (all) set(first, static_cast<int>(protection));
    }
    const AreaTable& areas = pages_.areas();
    std::vector<int> seen(count, -1);
    for (std::uint64_t index = 0; index < areas.count(); ++index) {
      ASSERT_LT(areas[index].begin, areas[index].end);
      if (index > 0) {
        ASSERT_LE(areas[index - 1].end, areas[index].begin);
        ASSERT_FALSE(areas[index - 1].end == areas[index].begin && areas[index - 1].like(areas[index])) << "not merged";
      }
      for (std::uint64_t page = areas[index].begin; page < areas[index].end; page += kPage) {
        seen[(page - begin) / kPage] = static_cast<int>(areas[index].protection);
      }
    }
    ASSERT_EQ(seen, model) << step;
  }
}

}  // namespace
}  // namespace adyton::keep
