// SPDX-License-Identifier: Apache-2.0
#include "platform/sgx/runner_orders.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace adyton {
namespace {

Bytes orders() {
  const Bytes image(300, std::byte{0x7f});
  const Secret encoded =
      encode_runner_orders({.fuses = Secret::copy_of(Bytes(64, std::byte{3})), .strict = true, .image = image});
  return to_bytes(encoded.expose());
}

TEST(RunnerOrders, ComeBackAsTheyWere) {
  const Bytes encoded = orders();
  const auto parsed = parse_runner_orders(encoded);
  ASSERT_TRUE(parsed);
  EXPECT_TRUE(parsed->strict);
  EXPECT_EQ(parsed->fuses->expose().size(), 64u);
  EXPECT_EQ(to_bytes(parsed->image), Bytes(300, std::byte{0x7f}));
}

TEST(RunnerOrders, CutOffOrLengthenedAreRefused) {
  const Bytes encoded = orders();
  for (std::size_t size = 0; size < encoded.size(); ++size) {
    EXPECT_FALSE(parse_runner_orders(BytesView(encoded).first(size))) << size;
  }
  Bytes longer = encoded;
  longer.push_back(std::byte{0});
  EXPECT_FALSE(parse_runner_orders(longer));
}

TEST(RunnerOrders, WithAnyBitFlippedAreRefusedOrOthers) {
  const Bytes encoded = orders();
  for (std::size_t bit = 0; bit < encoded.size() * 8; ++bit) {
    Bytes changed = encoded;
    changed[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
    const auto parsed = parse_runner_orders(changed);
    if (!parsed) continue;
    const Secret again = encode_runner_orders(*parsed);
    EXPECT_TRUE(std::ranges::equal(again.expose(), changed)) << bit;
  }
}

}  // namespace
}  // namespace adyton
