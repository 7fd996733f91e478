// SPDX-License-Identifier: Apache-2.0
#include "crypto/jws.h"

#include <gtest/gtest.h>

#include "base/base64.h"

namespace adyton {
namespace {

Bytes decoded(std::string_view text) { return parse_base64url(text).value(); }

// RFC 7515, A.3: ES256.
constexpr std::string_view kRfcToken =
    "eyJhbGciOiJFUzI1NiJ9."
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

VerifyingKey rfc_key() {
  return VerifyingKey::from_point(KeyType::kP256, decoded("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"),
                                  decoded("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"))
      .value();
}

TEST(Jws, TheExampleOfRfc7515) {
  const auto jws = parse_compact_jws(kRfcToken);
  ASSERT_TRUE(jws) << jws.error().message;
  EXPECT_EQ(as_text(jws->header), R"({"alg":"ES256"})");
  EXPECT_EQ(as_text(jws->signed_part()), kRfcToken.substr(0, kRfcToken.rfind('.')));
  EXPECT_TRUE(verify_compact_jws(*jws, jws_algorithm("ES256").value(), rfc_key()));
}

// RFC 8037, A.4: Ed25519.
TEST(Jws, TheExampleOfRfc8037) {
  const auto jws = parse_compact_jws(
      "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
      "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg");
  ASSERT_TRUE(jws);
  Bytes spki = parse_hex("302a300506032b6570032100").value();
  const Bytes point = decoded("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
  spki.insert(spki.end(), point.begin(), point.end());
  EXPECT_TRUE(verify_compact_jws(*jws, jws_algorithm("EdDSA").value(), VerifyingKey::parse_spki(spki).value()));
}

TEST(Jws, EveryFlippedCharacterIsRefusedOrUntrusted) {
  const VerifyingKey key = rfc_key();
  for (std::size_t i = 0; i < kRfcToken.size(); ++i) {
    std::string text(kRfcToken);
    text[i] = text[i] == 'A' ? 'B' : 'A';
    const auto jws = parse_compact_jws(text);
    if (jws) {
      EXPECT_FALSE(verify_compact_jws(*jws, jws_algorithm("ES256").value(), key)) << i;
    }
  }
}

TEST(Jws, EveryTruncationIsRefusedOrUntrusted) {
  const VerifyingKey key = rfc_key();
  for (std::size_t size = 0; size < kRfcToken.size(); ++size) {
    const auto jws = parse_compact_jws(kRfcToken.substr(0, size));
    if (jws) {
      EXPECT_FALSE(verify_compact_jws(*jws, jws_algorithm("ES256").value(), key)) << size;
    }
  }
}

TEST(Jws, RefusesWhatIsNotOneToken) {
  const std::string token(kRfcToken);
  for (const std::string& bad :
       {std::string(), token + "\n", " " + token, token + ".e30", std::string(".."), std::string("e30.e30."),
        std::string("e30..e30"), std::string(".e30.e30"), std::string("e30=.e30.e30"), std::string("{}.e30.e30")}) {
    const auto jws = parse_compact_jws(bad);
    ASSERT_FALSE(jws) << bad;
    EXPECT_EQ(jws.error().code, ErrorCode::kInvalid);
  }
  EXPECT_EQ(parse_compact_jws(token, 16).error().code, ErrorCode::kExhausted);
}

TEST(Jws, NamesThatAreNoAlgorithm) {
  for (const std::string_view name : {"none", "None", "", "HS256", "ES256K", "es256", "RSA-OAEP", "dir"}) {
    EXPECT_FALSE(jws_algorithm(name)) << name;
  }
}

TEST(Jws, WhatIsSignedHereVerifiesWithTheKeysOneAlgorithmOnly) {
  for (const KeyKind kind : {KeyKind::kP256, KeyKind::kP384, KeyKind::kEd25519, KeyKind::kRsa3072}) {
    const PrivateKey key = PrivateKey::generate(kind).value();
    const VerifyingKey verifying = VerifyingKey::parse_spki(key.public_key().der()).value();
    const std::string_view name = jws_algorithm_name(kind);
    const auto text = make_compact_jws("{}", as_bytes("payload"), key);
    ASSERT_TRUE(text);
    const CompactJws jws = parse_compact_jws(*text).value();
    EXPECT_EQ(as_text(jws.payload), "payload");
    for (const std::string_view other :
         {"ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "EdDSA"}) {
      EXPECT_EQ(verify_compact_jws(jws, jws_algorithm(other).value(), verifying).has_value(), other == name) << other;
    }
  }
}

}  // namespace
}  // namespace adyton
