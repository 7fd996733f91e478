// SPDX-License-Identifier: Apache-2.0
#include "base/base64.h"

#include <gtest/gtest.h>

namespace adyton {
namespace {

TEST(Base64, TheVectorsOfRfc4648) {
  const std::pair<std::string_view, std::string_view> vectors[] = {{"", ""},
                                                                   {"f", "Zg=="},
                                                                   {"fo", "Zm8="},
                                                                   {"foo", "Zm9v"},
                                                                   {"foob", "Zm9vYg=="},
                                                                   {"fooba", "Zm9vYmE="},
                                                                   {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, text] : vectors) {
    EXPECT_EQ(to_base64(as_bytes(plain)), text);
    EXPECT_EQ(parse_base64(text).value(), to_bytes(plain));
  }
}

TEST(Base64, RefusesWhatHasTwoSpellings) {
  for (const std::string_view bad :
       {"Z", "Zg", "Zg=", "Zh==", "Zm9=", "Zg==Zg==", "Zm 9", "Zm9v\n", "=m9v", "Z===", "Zm-_"}) {
    EXPECT_FALSE(parse_base64(bad)) << bad;
  }
}

// RFC 7515, appendix C.
TEST(Base64, TheUrlForm) {
  const Bytes bytes = parse_hex("03ecffe0c1").value();
  EXPECT_EQ(to_base64url(bytes), "A-z_4ME");
  EXPECT_EQ(parse_base64url("A-z_4ME").value(), bytes);
  EXPECT_EQ(parse_base64url("").value(), Bytes());
  for (std::size_t size = 0; size < 9; ++size) {
    const Bytes plain(size, std::byte{0xfb});
    EXPECT_EQ(parse_base64url(to_base64url(plain)).value(), plain);
  }
  for (const std::string_view bad : {"Z", "Zh", "Zm9", "Zg==", "Zm 9", "Zm9v\n", "Zm+/", "Zm9vZ"}) {
    EXPECT_FALSE(parse_base64url(bad)) << bad;
  }
}

}  // namespace
}  // namespace adyton
