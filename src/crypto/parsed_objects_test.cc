// SPDX-License-Identifier: Apache-2.0
#include "crypto/parsed_objects.h"

#include <string>
#include <thread>

#include <gtest/gtest.h>

namespace adyton {
namespace {

Bytes numbered(std::size_t number, std::size_t size = 8) {
  Bytes out(size);
  for (std::size_t i = 0; i < 8; ++i) out[i] = static_cast<std::byte>(number >> (8 * i));
  return out;
}

template <class T>
std::size_t count(const ParsedObjects& objects, std::size_t most, std::size_t size = 8) {
  std::size_t out = 0;
  for (std::size_t i = 0; i < most; ++i) out += objects.find<T>(numbered(i, size)) != nullptr ? 1 : 0;
  return out;
}

TEST(ParsedObjects, AreFoundByExactlyTheirBytesAndType) {
  ParsedObjects objects;
  const Bytes bytes = to_bytes(as_bytes("certificate"));
  EXPECT_EQ(objects.find<std::string>(bytes), nullptr);
  objects.keep(bytes, std::string("what it says"));
  ASSERT_NE(objects.find<std::string>(bytes), nullptr);
  EXPECT_EQ(*objects.find<std::string>(bytes), "what it says");
  EXPECT_EQ(objects.find<int>(bytes), nullptr);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    Bytes altered = bytes;
    altered[i] ^= std::byte{1};
    EXPECT_EQ(objects.find<std::string>(altered), nullptr);
    EXPECT_EQ(objects.find<std::string>(BytesView(bytes).first(i)), nullptr);
  }
  objects.keep(bytes, 7);
  EXPECT_EQ(*objects.find<int>(bytes), 7);
  // What is there stays: others may be looking at it.
  objects.keep(bytes, std::string("something else"));
  EXPECT_EQ(*objects.find<std::string>(bytes), "what it says");
}

TEST(ParsedObjects, AreBoundedInNumberAndInBytes) {
  ParsedObjects many, large;
  constexpr std::size_t kTwice = 2 * ParsedObjects::kMostObjects;
  for (std::size_t i = 0; i < kTwice; ++i) many.keep(numbered(i), i);
  EXPECT_LE(count<std::size_t>(many, kTwice), ParsedObjects::kMostObjects);
  EXPECT_GT(count<std::size_t>(many, kTwice), ParsedObjects::kMostObjects / 2);

  constexpr std::size_t kEach = ParsedObjects::kMostBytesEach, kFit = ParsedObjects::kMostBytes / kEach;
  for (std::size_t i = 0; i < kFit + 10; ++i) large.keep(numbered(i, kEach), i);
  EXPECT_LE(count<std::size_t>(large, kFit + 10, kEach), kFit);
  EXPECT_GT(count<std::size_t>(large, kFit + 10, kEach), kFit / 2);

  ParsedObjects one;
  one.keep(Bytes(kEach + 1), 1);
  EXPECT_EQ(one.find<int>(Bytes(kEach + 1)), nullptr);
}

TEST(ParsedObjects, CanBeSharedByThreads) {
  ParsedObjects objects;
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (std::size_t i = 0; i < 200; ++i) {
        objects.keep(numbered(i), std::to_string(i));
        const std::string* found = objects.find<std::string>(numbered(i));
        if (found == nullptr || *found != std::to_string(i)) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(count<std::string>(objects, 200), 200U);
}

}  // namespace
}  // namespace adyton
