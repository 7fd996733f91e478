// SPDX-License-Identifier: Apache-2.0
#include "call/boot.h"

#include <gtest/gtest.h>

#include "base/cbor.h"

namespace adyton {
namespace {

BootInfo example() {
  BootInfo info{.backend = "process", .manifest = to_bytes("manifest"), .storage = true, .message_bytes = 64 << 20};
  info.image.fill(std::byte{0x11});
  info.signer.fill(std::byte{0x22});
  info.spin_us = 50;
  return info;
}

TEST(Boot, RoundTrip) {
  const auto parsed = parse_boot(*encode_boot(example()));
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(*parsed, example());
}

TEST(Boot, EveryTruncationIsRefused) {
  const Bytes good = *encode_boot(example());
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(parse_boot(BytesView(good).first(size))) << size;
  }
  Bytes longer = good;
  longer.push_back(std::byte{0});
  EXPECT_FALSE(parse_boot(longer));
}

TEST(Boot, EveryBitFlipIsRefusedOrReadsBackTheSame) {
  const Bytes good = *encode_boot(example());
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    Bytes flipped = good;
    flipped[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
    const auto parsed = parse_boot(flipped);
    if (parsed) {
      EXPECT_EQ(*encode_boot(*parsed), flipped) << bit;
    }
  }
}

TEST(Boot, RangesAreChecked) {
  const auto refused = [](auto change) {
    BootInfo info = example();
    change(info);
    return !encode_boot(info);
  };
  EXPECT_TRUE(refused([](BootInfo& info) { info.backend = ""; }));
  EXPECT_TRUE(refused([](BootInfo& info) { info.backend = "Process"; }));
  EXPECT_TRUE(refused([](BootInfo& info) { info.backend = std::string(33, 'a'); }));
  EXPECT_TRUE(refused([](BootInfo& info) { info.manifest.clear(); }));
  EXPECT_TRUE(refused([](BootInfo& info) { info.manifest.resize((512 << 10) + 1); }));
  EXPECT_TRUE(refused([](BootInfo& info) { info.message_bytes = 4095; }));
  EXPECT_TRUE(refused([](BootInfo& info) { info.message_bytes = (1ull << 40) + 1; }));
  EXPECT_TRUE(refused([](BootInfo& info) { info.spin_us = 1'000'001; }));
  EXPECT_FALSE(refused([](BootInfo& info) { info.spin_us = 0; }));
}

// What encode_boot() would not make is not read either.
TEST(Boot, RangesAreCheckedWhenRead) {
  const auto with = [](std::string_view backend, std::uint64_t message_bytes) {
    cbor::MapWriter map;
    map.key(0).unsigned_integer(1);
    map.key(1).text(backend);
    map.key(2).bytes(as_bytes("manifest"));
    map.key(3).bytes(Bytes(48));
    map.key(4).bytes(Bytes(48));
    map.key(5).boolean(true);
    map.key(6).unsigned_integer(message_bytes);
    map.key(7).unsigned_integer(0);
    return parse_boot(cbor::Writer().map(map).encoded()).has_value();
  };
  EXPECT_TRUE(with("process", 4096));
  EXPECT_FALSE(with("", 4096));
  EXPECT_FALSE(with("../process", 4096));
  EXPECT_FALSE(with("process", 0));
  EXPECT_FALSE(with("process", ~std::uint64_t{0}));
}

TEST(Boot, MissingAndUnknownKeysAreRefused) {
  EXPECT_FALSE(parse_boot(cbor::Writer().map({}).encoded()));
  cbor::MapWriter unknown;
  unknown.key(99).unsigned_integer(1);
  const auto parsed = parse_boot(cbor::Writer().map(unknown).encoded());
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().code, ErrorCode::kInvalid);
  EXPECT_NE(parsed.error().message.find("99"), std::string::npos);
}

}  // namespace
}  // namespace adyton
