// SPDX-License-Identifier: Apache-2.0
#include "crypto/cmac.h"

#include <gtest/gtest.h>

namespace adyton {
namespace {

// RFC 4493, section 4.
TEST(Cmac, KnownAnswers) {
  const Bytes key = *parse_hex("2b7e151628aed2a6abf7158809cf4f3c");
  EXPECT_EQ(to_hex(*aes128_cmac(key, {})), "bb1d6929e95937287fa37d129b756746");
  EXPECT_EQ(to_hex(*aes128_cmac(key, *parse_hex("6bc1bee22e409f96e93d7e117393172a"))),
            "070a16b46b4d4144f79bdd9dd04a287c");
  EXPECT_EQ(to_hex(*aes128_cmac(key, *parse_hex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
                                                "30c81c46a35ce411"))),
            "dfa66747de9ae63030ca32611497c827");
}

TEST(Cmac, RefusesKeysOfAnotherSize) { EXPECT_EQ(aes128_cmac(Bytes(32), {}).error().code, ErrorCode::kInvalid); }

}  // namespace
}  // namespace adyton
