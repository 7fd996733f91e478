// SPDX-License-Identifier: Apache-2.0
#include "base/cursor.h"

#include <limits>

#include <gtest/gtest.h>

namespace adyton {
namespace {

TEST(Cursor, ReadsBothByteOrders) {
  const Bytes bytes = *parse_hex("0102030405060708ff");
  Cursor cursor(bytes);
  EXPECT_EQ(*cursor.read_le<std::uint16_t>(), 0x0201);
  EXPECT_EQ(*cursor.read_be<std::uint32_t>(), 0x03040506u);
  EXPECT_EQ(to_hex(*cursor.read_bytes(2)), "0708");
  EXPECT_EQ(*cursor.read_be<std::uint8_t>(), 0xff);
  EXPECT_TRUE(cursor.finish());
}

TEST(Cursor, EndsInAnErrorThatMovesNothing) {
  const Bytes bytes = *parse_hex("010203");
  Cursor cursor(bytes);
  EXPECT_EQ(cursor.read_le<std::uint32_t>().error().code, ErrorCode::kInvalid);
  EXPECT_FALSE(cursor.read_bytes(std::numeric_limits<std::uint64_t>::max()));
  EXPECT_EQ(cursor.remaining(), 3u);
  EXPECT_FALSE(cursor.finish());
  EXPECT_TRUE(cursor.read_bytes(3));
  EXPECT_TRUE(cursor.finish());
}

TEST(Cursor, WritesWhatItReads) {
  Bytes out;
  append_le<std::uint32_t>(out, 0x01020304);
  append_be<std::uint64_t>(out, 0x01020304);
  append_be<std::uint8_t>(out, 7);
  EXPECT_EQ(to_hex(out), "04030201000000000102030407");
  store_le<std::uint16_t>(out, 1, 0xbeef);
  EXPECT_EQ(to_hex(out), "04efbe01000000000102030407");
  EXPECT_EQ(load_be<std::uint64_t>(out, 4), 0x01020304u);
}

TEST(InBounds, DoesNotOverflow) {
  constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();
  EXPECT_TRUE(in_bounds(0, 10, 10));
  EXPECT_TRUE(in_bounds(10, 0, 10));
  EXPECT_FALSE(in_bounds(1, 10, 10));
  EXPECT_FALSE(in_bounds(kMax, 2, 10));
  EXPECT_FALSE(in_bounds(2, kMax, 10));
  EXPECT_TRUE(in_bounds(0, kMax, kMax));
}

}  // namespace
}  // namespace adyton
