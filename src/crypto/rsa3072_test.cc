// SPDX-License-Identifier: Apache-2.0
#include "crypto/rsa3072.h"

#include <gtest/gtest.h>

#include "crypto/foreign_keys.h"
#include "crypto/test_sgx_key.h"

namespace adyton {
namespace {

PrivateKey test_key() { return PrivateKey::parse_pem(kTestSgxKey).value(); }
Bytes test_modulus() { return rsa3072_modulus(test_key().public_key()).value(); }

TEST(Rsa3072, TakesTheOneKindOfKey) {
  EXPECT_EQ(test_modulus().size(), kRsa3072Bytes);
  for (const PrivateKey& key :
       {PrivateKey::generate(KeyKind::kP256).value(), PrivateKey::parse_pem(kTraditionalRsaKey).value()}) {
    const auto modulus = rsa3072_modulus(key.public_key());
    ASSERT_FALSE(modulus);
    EXPECT_EQ(modulus.error().code, ErrorCode::kInvalid);
    EXPECT_TRUE(modulus.error().message.contains("keygen FILE --sgx")) << modulus.error().message;
  }
  EXPECT_FALSE(PrivateKey::generate(KeyKind::kP256)->sign_pkcs1_sha256({}));
}

TEST(Rsa3072, VerifiesWhatItSigned) {
  const Bytes signature = test_key().sign_pkcs1_sha256(as_bytes("message")).value();
  EXPECT_TRUE(verify_rsa3072(test_modulus(), as_bytes("message"), signature));
  EXPECT_EQ(verify_rsa3072(test_modulus(), as_bytes("massage"), signature).error().code, ErrorCode::kUntrusted);
  Bytes short_modulus = test_modulus();
  short_modulus[0] = std::byte{0x7f};
  EXPECT_EQ(verify_rsa3072(short_modulus, as_bytes("message"), signature).error().code, ErrorCode::kInvalid);
}

// Small numbers by hand: of s = 2^1536 both divisions are of known powers of two by a modulus of 2^3071 and a bit.
TEST(Rsa3072, DividesAsEinitDoes) {
  Bytes modulus(kRsa3072Bytes), signature(kRsa3072Bytes);
  modulus[0] = std::byte{0x80};
  signature[191] = std::byte{1};  // 2^(8 * 192) = 2^1536
  const auto quotients = rsa3072_quotients(modulus, signature);
  ASSERT_TRUE(quotients) << quotients.error().message;
  Bytes two(kRsa3072Bytes);
  two[383] = std::byte{2};
  EXPECT_EQ(quotients->q1, two);                   // 2^3072 / 2^3071, without a rest
  EXPECT_EQ(quotients->q2, Bytes(kRsa3072Bytes));  // of that rest
  signature[383] = std::byte{1};  // s^2 = 2^3072 + 2^1537 + 1: the rest is 2^1537 + 1; times s / 2^3071: 4 and more
  const auto odd = rsa3072_quotients(modulus, signature);
  ASSERT_TRUE(odd);
  EXPECT_EQ(odd->q1, two);
  Bytes four(kRsa3072Bytes);
  four[383] = std::byte{4};
  EXPECT_EQ(odd->q2, four);
}

TEST(Rsa3072, RefusesASignatureAsLargeAsTheModulus) {
  EXPECT_EQ(rsa3072_quotients(test_modulus(), test_modulus()).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(rsa3072_quotients(test_modulus(), Bytes(kRsa3072Bytes))->q2, Bytes(kRsa3072Bytes));
}

}  // namespace
}  // namespace adyton
