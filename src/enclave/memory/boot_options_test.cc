// SPDX-License-Identifier: Apache-2.0
#include "enclave/memory/boot_options.h"

#include <string>

#include <gtest/gtest.h>

namespace adyton {
namespace {

constexpr const char* kGood = "heap=67108864;stack=1048576;secret=1";

TEST(BootOptions, ReadsWhatTheLauncherWrites) {
  BootOptions options;
  ASSERT_TRUE(parse_boot_options(kGood, options));
  EXPECT_EQ(options.heap_bytes, 64u << 20);
  EXPECT_EQ(options.stack_bytes, 1u << 20);
  EXPECT_EQ(options.secret, 1);
}

TEST(BootOptions, RefusesEverythingElse) {
  BootOptions options;
  for (const char* text : {"heap=67108865;stack=1048576;secret=1", "heap=4096;stack=1048576;secret=1",
                           "heap=137438953472;stack=1048576;secret=1", "heap=67108864;stack=4096;secret=1",
                           "heap=67108864;stack=1048576;secret=3", "heap=67108864;stack=1048576;secret=1;",
                           "stack=1048576;heap=67108864;secret=1", "heap=9999999999999999999;stack=1048576;secret=1",
                           "heap=-4096;stack=1048576;secret=1", "heap=;stack=1048576;secret=1"}) {
    EXPECT_FALSE(parse_boot_options(text, options)) << text;
  }
  const std::string good = kGood;
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(parse_boot_options(good.substr(0, size).c_str(), options)) << size;
  }
}

}  // namespace
}  // namespace adyton
