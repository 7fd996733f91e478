// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/token.h"

#include <gtest/gtest.h>

#include "base/base64.h"
#include "testing/fake_pki.h"
#include "testing/fake_token.h"

namespace adyton {
namespace {

std::string token(std::string_view header, std::string_view claims) {
  return testing::fake_jwt(header, claims, testing::fake_key(KeyType::kP256), SignatureAlgorithm::kEcdsaSha256);
}
constexpr std::string_view kHeader = R"({"alg":"ES256","kid":"k"})";
constexpr std::string_view kMicrosoft = R"({"iss":"https://a.attest.azure.net","x-ms-ver":"1.0"})";
constexpr std::string_view kNvidia =
    R"({"iss":"https://nras.attestation.nvidia.com","x-nvidia-ver":"3.0","submods":{"GPU-0":["DIGEST",["SHA-256","00ff"]]}})";

TEST(Jwt, SaysWhatIsInIt) {
  const auto jwt = parse_jwt(token(kHeader, kMicrosoft));
  ASSERT_TRUE(jwt) << jwt.error().message;
  EXPECT_EQ(jwt->key_id, "k");
  EXPECT_EQ(jwt->algorithm_name, "ES256");
  EXPECT_EQ(jwt->algorithm.key_type, KeyType::kP256);
  EXPECT_EQ(text_of(find(jwt->claims.get(), "x-ms-ver")), "1.0");
  EXPECT_TRUE(looks_like_jwt(token(kHeader, kMicrosoft) + "\n"));
  EXPECT_FALSE(looks_like_jwt("eyJ.no"));
}

TEST(Jwt, RefusesHeaders) {
  for (const std::string_view header :
       {R"({"alg":"none"})", R"({"alg":"HS256"})", R"({"alg":"ES256K"})", R"({})", R"({"alg":7})",
        R"({"alg":"ES256","alg":"ES256"})", R"({"alg":"ES256","crit":["exp"]})", R"({"alg":"ES256","b64":false})",
        R"({"alg":"ES256","kid":1})", R"({"alg":"ES256","x5c":[]})", R"({"alg":"ES256","x5c":"AAAA"})",
        R"({"alg":"ES256","x5c":["AAAA"]})", R"({"alg":"ES256","x5c":[1]})", R"(["alg"])", R"("alg")", "alg"}) {
    EXPECT_FALSE(parse_jwt(token(header, "{}"))) << header;
  }
  const std::string certificate = to_base64(testing::FakeCa::root("CA").certificate().der());
  std::string list = "\"" + certificate + "\"";
  EXPECT_TRUE(parse_jwt(token(R"({"alg":"ES256","x5c":[)" + list + "]}", "{}")));
  for (int i = 0; i < 8; ++i) list += ",\"" + certificate + "\"";
  EXPECT_FALSE(parse_jwt(token(R"({"alg":"ES256","x5c":[)" + list + "]}", "{}")));
}

TEST(Jwt, RefusesClaims) {
  for (const std::string_view claims : {"[]", "1", "{", R"({"a":1,"a":2})", R"({"a":{"b":1,"b":1}})", "{}{}"}) {
    EXPECT_FALSE(parse_jwt(token(kHeader, claims))) << claims;
  }
}

TEST(Token, ItsForms) {
  const std::string one = token(kHeader, kMicrosoft), overall = token(kHeader, kNvidia);
  EXPECT_EQ(parse_token(as_bytes(one + "\r\n"))->service, TokenService::kMicrosoft);
  EXPECT_EQ(parse_token(as_bytes(R"({"token":")" + one + "\"}"))->service, TokenService::kMicrosoft);
  const std::string bundle = R"([["JWT",")" + overall + R"("],{"GPU-0":")" + one + "\"}]";
  const auto nvidia = parse_token(as_bytes(bundle));
  ASSERT_TRUE(nvidia) << nvidia.error().message;
  EXPECT_EQ(nvidia->service, TokenService::kNvidia);
  EXPECT_EQ(nvidia->devices.at(0).name, "GPU-0");
  EXPECT_EQ(to_hex(nvidia->digests.at(0).digest), "00ff");
  EXPECT_EQ(parse_token(as_bytes(token(kHeader, R"({"iss":"https://confidentialcomputing.googleapis.com"})")))->service,
            TokenService::kGoogle);
  for (const std::string& text : {one, bundle, R"({ "token" : ")" + one + "\"}"})
    EXPECT_TRUE(looks_like_token(as_bytes(text)));
  EXPECT_FALSE(looks_like_token(as_bytes("[[1]]")));
}

TEST(Token, RefusesWhatIsNone) {
  const std::string one = token(kHeader, kMicrosoft), overall = token(kHeader, kNvidia);
  for (const std::string& bad :
       {std::string(), token(kHeader, R"({"iss":"https://example.com"})"), "{\"token\":\"" + one + "\",\"more\":1}",
        "[[\"JWT\",\"" + overall + "\"]]", "[[\"JWT\",\"" + overall + "\"],{},{}]",
        "[[\"CWT\",\"" + overall + "\"],{}]", "[[\"JWT\",\"" + one + "\"],{}]",
        "[[\"JWT\",\"" + overall + "\"],{\"GPU-0\":1}]", "[[\"JWT\",\"" + overall + "\"],{\"GPU-0\":\"x\"}]",
        "[[\"JWT\",\"" + overall + "\"],{\"GPU-0\":\"" + one + "\",\"GPU-0\":\"" + one + "\"}]",
        token(kHeader, R"({"x-nvidia-ver":"3.0","submods":[]})"),
        token(kHeader, R"({"x-nvidia-ver":"3.0","submods":{"GPU-0":["DIGEST",["SHA-256","zz"]]}})"),
        token(kHeader, R"({"x-nvidia-ver":"3.0","submods":{"GPU-0":"DIGEST"}})")}) {
    EXPECT_FALSE(parse_token(as_bytes(bad))) << bad;
  }
}

TEST(Token, EveryTruncationIsRefusedOrHasAnotherSignature) {
  const std::string bundle =
      R"([["JWT",")" + token(kHeader, kNvidia) + R"("],{"GPU-0":")" + token(kHeader, "{}") + "\"}]";
  for (std::size_t size = 0; size < bundle.size(); ++size)
    EXPECT_FALSE(parse_token(as_bytes(bundle.substr(0, size)))) << size;
  const std::string one = token(kHeader, kMicrosoft);
  const Bytes signature = parse_jwt(one)->jws.signature;
  for (std::size_t size = 0; size < one.size(); ++size) {
    const auto cut = parse_token(as_bytes(one.substr(0, size)));
    if (cut) {
      EXPECT_NE(cut->jwt.jws.signature, signature) << size;
    }
  }
}

}  // namespace
}  // namespace adyton
