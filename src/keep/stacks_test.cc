// SPDX-License-Identifier: Apache-2.0
#include "keep/stacks.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <vector>

#include "keep/address_unsafe.h"
#include "keep/user_memory.h"

namespace adyton::keep {
namespace {

constexpr std::uint64_t kBytes = 4 * kPage, kGuard = 2 * kPage, kStride = kBytes + kGuard, kCount = 3;
constexpr std::uint64_t kStack = MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, kWhole = kBytes + kPage;

class StacksTest : public testing::Test {
 protected:
  StacksTest() : memory_(kStride * kCount + kPage, 'x') {
    begin_ = page_ceiling(address_of(memory_.data()));
    EXPECT_TRUE(stacks_.initialise(begin_, kStride, kBytes, kCount));
  }
  [[nodiscard]] bool wiped(std::uint64_t index) const {
    const auto* bytes = at<const char>(stacks_.stack(index));
    return std::all_of(bytes, bytes + kBytes, [](char byte) { return byte == 0; });
  }
  [[nodiscard]] bool guards_untouched() const {
    for (std::uint64_t index = 0; index < kCount; ++index) {
      const auto* bytes = at<const char>(begin_ + index * kStride);
      if (!std::all_of(bytes, bytes + kGuard, [](char byte) { return byte == 'x'; })) return false;
    }
    return true;
  }

  std::vector<char> memory_;
  std::uint64_t begin_ = 0;
  Stacks stacks_;
};

TEST_F(StacksTest, TheFirstIsTakenAndStays) {
  EXPECT_EQ(stacks_.stack(0), begin_ + kGuard);
  EXPECT_TRUE(stacks_.taken(0) && wiped(0));
  EXPECT_FALSE(wiped(1));
  EXPECT_EQ(stacks_.taken_bytes(), kBytes);
  EXPECT_EQ(stacks_.unmap(stacks_.stack(0) - kPage, kWhole), -EINVAL);
  EXPECT_EQ(stacks_.unmap(stacks_.stack(0), kBytes), -EINVAL);
  EXPECT_TRUE(stacks_.taken(0));
}

TEST_F(StacksTest, GivesThemOutWipedAndTakesThemBack) {
  EXPECT_EQ(stacks_.map(kWhole, PROT_NONE, kStack), stacks_.stack(1) - kPage);
  EXPECT_EQ(stacks_.map(kWhole - 1, PROT_NONE, kStack), stacks_.stack(2) - kPage);
  EXPECT_EQ(stacks_.map(kWhole, PROT_NONE, kStack), 0u);
  EXPECT_TRUE(wiped(1) && wiped(2));
  *at<char>(stacks_.stack(1)) = 's';
  for (const std::uint64_t bytes : {std::uint64_t{0}, kPage, kBytes, kWhole + kPage, ~std::uint64_t{0}}) {
    EXPECT_EQ(stacks_.unmap(stacks_.stack(1) - kPage, bytes), -EINVAL) << bytes;
  }
  EXPECT_EQ(stacks_.unmap(stacks_.stack(1) - kPage, kWhole), 0);
  EXPECT_EQ(stacks_.unmap(stacks_.stack(1) - kPage, kWhole), -EINVAL);
  EXPECT_EQ(stacks_.map(kWhole, PROT_NONE, kStack), stacks_.stack(1) - kPage);
  EXPECT_TRUE(wiped(1) && guards_untouched());
}

TEST_F(StacksTest, OtherMappingsAreNotItsBusiness) {
  EXPECT_EQ(stacks_.map(kBytes, PROT_NONE, kStack), 0u);
  EXPECT_EQ(stacks_.map(kWhole + kPage, PROT_NONE, kStack), 0u);
  EXPECT_EQ(stacks_.map(~std::uint64_t{0}, PROT_NONE, kStack), 0u);
  EXPECT_EQ(stacks_.map(kWhole, PROT_READ | PROT_WRITE, kStack), 0u);
  EXPECT_EQ(stacks_.map(kWhole, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS), 0u);
  EXPECT_EQ(stacks_.map(kWhole, PROT_NONE, kStack | MAP_FIXED), 0u);
  EXPECT_FALSE(stacks_.contains(begin_ - 1) || stacks_.contains(begin_ + kCount * kStride));
}

TEST_F(StacksTest, AGuardIsNeverOpenedOrWiped) {
  const std::uint64_t mapped = stacks_.map(kWhole, PROT_NONE, kStack), stack = mapped + kPage;
  EXPECT_EQ(stacks_.protect(stack, kBytes, PROT_READ | PROT_WRITE), 0);
  EXPECT_EQ(stacks_.protect(mapped, kPage, PROT_NONE), 0);
  EXPECT_EQ(stacks_.protect(mapped, kWhole, PROT_READ), -ENOMEM);
  EXPECT_EQ(stacks_.protect(mapped - kPage, kPage, PROT_NONE), -ENOMEM);
  EXPECT_EQ(stacks_.protect(stack, kBytes + kPage, PROT_READ), -ENOMEM);
  EXPECT_EQ(stacks_.protect(stack, kBytes, PROT_EXEC), -EACCES);
  EXPECT_EQ(stacks_.protect(stack + 1, kPage, PROT_READ), -EINVAL);
  EXPECT_EQ(stacks_.protect(stacks_.stack(2), kPage, PROT_READ), -ENOMEM);  // not taken
  *at<char>(stack + kPage) = *at<char>(stack + 2 * kPage) = 's';
  EXPECT_EQ(stacks_.advise(stack, kPage, MADV_DONTNEED), 0);
  EXPECT_EQ(*at<char>(stack + kPage), 's');
  EXPECT_EQ(stacks_.advise(mapped, 3 * kPage, MADV_DONTNEED), 0);
  EXPECT_EQ(*at<char>(stack + kPage), 0);
  EXPECT_EQ(*at<char>(stack + 2 * kPage), 's');
  EXPECT_EQ(stacks_.advise(mapped, kPage, MADV_DONTNEED), 0);
  EXPECT_EQ(stacks_.advise(stack, kBytes, MADV_NOHUGEPAGE), 0);
  EXPECT_EQ(stacks_.advise(stack, kBytes, 1000), -EINVAL);
  EXPECT_EQ(stacks_.advise(stack, kBytes + kPage, MADV_DONTNEED), -ENOMEM);
  EXPECT_TRUE(guards_untouched());
}

TEST_F(StacksTest, SystemCallsTakeAddressesInStacksOnly) {
  UserMemory user;
  EXPECT_FALSE(user.readable(stacks_.stack(1), 1));
  user.add_stacks(stacks_);
  for (std::uint64_t index = 0; index < kCount; ++index) {
    const std::uint64_t stack = stacks_.stack(index);
    EXPECT_TRUE(user.writable(stack, kBytes));
    EXPECT_FALSE(user.readable(stack, kBytes + 1));
    EXPECT_FALSE(user.readable(stack - 1, 1));
    EXPECT_FALSE(user.readable(stack - kGuard, 1));
    EXPECT_FALSE(user.readable(stack, ~std::uint64_t{0}));
    EXPECT_EQ(user.readable_from(stack + kBytes - 3), 3u);
    EXPECT_EQ(user.readable_from(stack - 1), 0u);
  }
  EXPECT_FALSE(user.readable(begin_ + kCount * kStride, 1));
}

TEST(StacksSizes, NumbersThatAreNone) {
  constexpr std::uint64_t kBegin = 1 << 20;
  Stacks stacks;
  EXPECT_FALSE(stacks.initialise(kBegin + 1, kStride, kBytes, kCount));
  EXPECT_FALSE(stacks.initialise(kBegin, kStride + 1, kBytes, kCount));
  EXPECT_FALSE(stacks.initialise(kBegin, kStride, kBytes + 8, kCount));
  EXPECT_FALSE(stacks.initialise(kBegin, kBytes, kBytes, kCount));
  EXPECT_FALSE(stacks.initialise(kBegin, kStride, 0, kCount));
  EXPECT_FALSE(stacks.initialise(kBegin, kStride, kBytes, 0));
  EXPECT_FALSE(stacks.initialise(kBegin, kStride, kBytes, Stacks::kMost + 1));
}

}  // namespace
}  // namespace adyton::keep
