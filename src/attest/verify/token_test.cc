// SPDX-License-Identifier: Apache-2.0
// Tokens of services whose keys are made here: what real ones do not offer.
#include "attest/verify/token.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "attest/collateral/fetch.h"
#include "attest/verify/jwt.h"
#include "attest/verify/token_claims.h"
#include "attest/verify/token_key.h"
#include "attest/verify/trust_root.h"
#include "base/base64.h"
#include "base/cursor.h"
#include "crypto/crypto.h"
#include "testing/fake_pki.h"
#include "testing/fake_token.h"
#include "testing/findings.h"

namespace adyton {
namespace {

using testing::fake_key;
using testing::has;
using testing::kFakeDay;
using testing::kFakeNow;
using testing::worst_of;

std::string sign(std::string_view claims, unsigned slot = 0, std::string_view header = R"({"alg":"ES384","kid":"k"})") {
  return testing::fake_jwt(header, claims, fake_key(KeyType::kP384, slot), SignatureAlgorithm::kEcdsaSha384);
}

std::string times() {
  return fmt::format(R"("iat":{},"nbf":{},"exp":{})", kFakeNow - 60, kFakeNow - 60, kFakeNow + 60);
}

class TokenMade : public ::testing::Test {
 protected:
  TokenMade() {
    for (const AnchorUse use : {AnchorUse::kMicrosoftToken, AnchorUse::kGoogleSpace, AnchorUse::kNvidiaToken}) {
      anchors_.keys.push_back({use, fake_key(KeyType::kP384).verifying_key(), "k"});
    }
  }
  Findings verify(const std::string& text, std::int64_t now = kFakeNow) {
    const auto token = parse_token(as_bytes(text));
    EXPECT_TRUE(token) << token.error().message;
    if (!token) return {};
    return verify_token(*token, {collateral_, anchors_, now});
  }
  Collateral collateral_;
  TrustAnchors anchors_;
};

std::string microsoft(std::string_view claims, std::string_view issuer = "https://shared.weu.attest.azure.net") {
  return fmt::format(R"({{"iss":"{}","x-ms-ver":"1.0",{},{}}})", issuer, times(), claims);
}
constexpr std::string_view kSgx =
    R"("x-ms-attestation-type":"sgx","x-ms-sgx-is-debuggable":true,"x-ms-sgx-mrenclave":"aa","x-ms-sgx-mrsigner":"bb",)"
    R"("x-ms-sgx-product-id":3,"x-ms-sgx-svn":4,"x-ms-sgx-report-data":"cc")";

TEST_F(TokenMade, MicrosoftSgx) {
  const Findings findings = verify(sign(microsoft(kSgx)));
  EXPECT_EQ(worst_of(findings), Outcome::kPassed) << testing::text_of(findings);
  const Claims& claims = findings.claims;
  EXPECT_EQ(claims.platform, "sgx");
  EXPECT_EQ(claims.debug, true);
  EXPECT_EQ(to_hex(claims.measurement) + to_hex(claims.signer) + to_hex(claims.report_data), "aabbcc");
  EXPECT_EQ(claims.product, 3u);
  EXPECT_EQ(claims.svn, 4u);
}

TEST_F(TokenMade, MicrosoftTdx) {
  const Findings findings = verify(sign(microsoft(
      R"("x-ms-attestation-type":"tdxvm","tdx_mrtd":"aa","tdx_rtmr0":"00","tdx_rtmr3":"03","tdx_report_data":"cc",)"
      R"("tdx_mrconfigid":"dd","tdx_td_attributes_debug":false,"attester_tcb_status":"OutOfDate")")));
  EXPECT_EQ(worst_of(findings), Outcome::kPassed) << testing::text_of(findings);
  EXPECT_EQ(findings.claims.platform, "tdx");
  EXPECT_EQ(findings.claims.tcb_status, TcbStatus::kOutOfDate);
  EXPECT_EQ(findings.claims.boot_chain.size(), 2u);
  EXPECT_EQ(findings.claims.boot_chain[1].name, "RTMR3");
}

TEST_F(TokenMade, MicrosoftConfidentialVm) {
  const Findings findings = verify(sign(microsoft(
      R"("x-ms-attestation-type":"azurevm","x-ms-isolation-tee":{"x-ms-attestation-type":"sevsnpvm",)"
      R"("x-ms-sevsnpvm-launchmeasurement":"aa","x-ms-sevsnpvm-is-debuggable":false,"x-ms-sevsnpvm-guestsvn":8})")));
  EXPECT_EQ(findings.claims.platform, "sev-snp");
  EXPECT_EQ(to_hex(findings.claims.measurement), "aa");
  EXPECT_EQ(findings.claims.svn, 8u);
  const auto field = std::ranges::find(findings.fields, "x-ms-isolation-tee.x-ms-sevsnpvm-guestsvn", &Field::name);
  ASSERT_NE(field, findings.fields.end());
  EXPECT_EQ(field->value, "8");
}

TEST_F(TokenMade, ClaimsOfAnotherForm) {
  for (const std::string_view claims :
       {R"("x-ms-attestation-type":"sgx","x-ms-sgx-mrenclave":"xyz")",
        R"("x-ms-attestation-type":"sgx","x-ms-sgx-mrenclave":7)",
        R"("x-ms-attestation-type":"sgx","x-ms-sgx-is-debuggable":"false")",
        R"("x-ms-attestation-type":"sgx","x-ms-sgx-svn":-1)", R"("x-ms-attestation-type":"sgx","x-ms-sgx-svn":"1")",
        R"("x-ms-attestation-type":7)"}) {
    EXPECT_TRUE(has(verify(sign(microsoft(claims))), kTokenClaims, Outcome::kFailed)) << claims;
  }
  EXPECT_TRUE(has(verify(sign(microsoft(R"("x-ms-attestation-type":"tpm")"))), kTokenClaims, Outcome::kNoted));
}

TEST_F(TokenMade, WhoMayBeTheIssuer) {
  for (const std::string_view issuer :
       {"https://attest.azure.net", "https://x.attest.azure.net/", "http://x.attest.azure.net",
        "https://x.attest.azure.net.example.com", "https://evil.com/.attest.azure.net", "https://a@x.attest.azure.net",
        "https://x.attest.azure.net:1", "x.attest.azure.net", "https://.attest.azure.de", ""}) {
    EXPECT_TRUE(has(verify(sign(microsoft(kSgx, issuer))), kTokenIssuer, Outcome::kFailed)) << issuer;
  }
}

TEST_F(TokenMade, TheTimes) {
  const std::string token = sign(microsoft(kSgx));
  EXPECT_EQ(worst_of(verify(token, kFakeNow + 59)), Outcome::kPassed);
  EXPECT_EQ(worst_of(verify(token, kFakeNow + 60)), Outcome::kOutOfTime);
  EXPECT_EQ(worst_of(verify(token, kFakeNow - 60)), Outcome::kPassed);
  EXPECT_EQ(worst_of(verify(token, kFakeNow - 61)), Outcome::kOutOfTime);
  const std::string without = sign(fmt::format(R"({{"iss":"https://x.attest.azure.net","x-ms-ver":"1.0",{}}})", kSgx));
  EXPECT_TRUE(has(verify(without), kTokenValidity, Outcome::kFailed)) << "no exp";
  const std::string odd =
      sign(fmt::format(R"({{"iss":"https://x.attest.azure.net","x-ms-ver":"1.0","exp":"{}"}})", kFakeNow + 60));
  EXPECT_TRUE(has(verify(odd), kTokenValidity, Outcome::kFailed)) << "exp that is not a number";
  for (const std::string_view claim :
       {R"("nbf":"2050-01-01")", R"("nbf":null)", R"("iat":"1")", R"("iat":18446744073709551615)", R"("iat":[1])"}) {
    const std::string unreadable = sign(fmt::format(
        R"({{"iss":"https://x.attest.azure.net","x-ms-ver":"1.0","exp":{},{},{}}})", kFakeNow + 60, kSgx, claim));
    EXPECT_TRUE(has(verify(unreadable), kTokenValidity, Outcome::kFailed)) << claim;
  }
  const std::string huge = sign(
      R"({"iss":"https://x.attest.azure.net","x-ms-ver":"1.0","exp":9223372036854775807,"nbf":-9223372036854775808})");
  EXPECT_TRUE(has(verify(huge), kTokenValidity, Outcome::kPassed));
}

TEST_F(TokenMade, TheKeys) {
  EXPECT_TRUE(has(verify(sign(microsoft(kSgx), 1)), kTokenSignature, Outcome::kFailed)) << "not by the key of its name";
  const std::string other = sign(microsoft(kSgx), 1, R"({"alg":"ES384","kid":"other"})");
  EXPECT_TRUE(has(verify(other), kTokenSignature, Outcome::kMissing)) << "no key of its name";
  const std::string nameless = sign(microsoft(kSgx), 1, R"({"alg":"ES384"})");
  EXPECT_TRUE(has(verify(nameless), kTokenSignature, Outcome::kFailed)) << "by none of the keys given";
  // A trust anchor needs no name.
  anchors_.keys.push_back({AnchorUse::kMicrosoftToken, fake_key(KeyType::kP384, 1).verifying_key()});
  for (const std::string& token : {other, nameless}) EXPECT_EQ(worst_of(verify(token)), Outcome::kPassed);
  anchors_ = {};
  EXPECT_TRUE(has(verify(sign(microsoft(kSgx))), kTokenSignature, Outcome::kMissing));
  EXPECT_TRUE(has(verify(nameless), kTokenSignature, Outcome::kMissing));
}

TEST_F(TokenMade, RefusesKeysForAnotherUse) {
  for (const AnchorUse use : kAllAnchorUses) {
    anchors_.keys = {{use, fake_key(KeyType::kP384).verifying_key(), "k"}};
    EXPECT_EQ(has(verify(sign(microsoft(kSgx))), kTokenSignature, Outcome::kPassed), use == AnchorUse::kMicrosoftToken)
        << name_of(use);
  }
}

constexpr std::string_view kIssuer = "https://shared.weu.attest.azure.net";

// A key set that lies in the collateral can be anybody's, under whatever name.
TEST_F(TokenMade, KeysThatLieThereMakeNobodyBelieved) {
  anchors_ = {};
  collateral_.add_key("k", fake_key(KeyType::kP384).verifying_key());
  const auto told = [&](std::string_view what) {
    const Findings findings = verify(sign(microsoft(kSgx)));
    const Check* check = testing::find_check(findings, kTokenSignature, Outcome::kMissing);
    return check != nullptr && check->detail.contains(what) ? "" : testing::text_of(findings);
  };
  EXPECT_EQ(told("whose key that is nobody vouched for: name its issuer with --trust-issuer"), "");
  ASSERT_TRUE(add_trusted_issuer(kIssuer, anchors_));
  EXPECT_EQ(told("nobody vouched for"), "") << "it was not had from the issuer";
  collateral_.add_key("k", fake_key(KeyType::kP384).verifying_key(), "https://other.weu.attest.azure.net/certs");
  EXPECT_EQ(told("nobody vouched for"), "") << "it was had from another issuer";
  collateral_.add_key("k", fake_key(KeyType::kP384).verifying_key(), "https://shared.weu.attest.azure.net/certs");
  EXPECT_EQ(worst_of(verify(sign(microsoft(kSgx)))), Outcome::kPassed);
  EXPECT_NE(worst_of(verify(sign(microsoft(kSgx, "https://other.weu.attest.azure.net")))), Outcome::kPassed)
      << "of an issuer that is not trusted, by a key of the one that is";
}

// That of a token whose issuer nobody named is not worth asking, and details of what is missing are what --fetch asks.
TEST_F(TokenMade, OnlyTrustedIssuersAreAsked) {
  anchors_ = {};
  EXPECT_TRUE(missing_urls(verify(sign(microsoft(kSgx)))).empty());
  ASSERT_TRUE(add_trusted_issuer("https://other.weu.attest.azure.net", anchors_));
  EXPECT_TRUE(missing_urls(verify(sign(microsoft(kSgx)))).empty());
  ASSERT_TRUE(add_trusted_issuer(kIssuer, anchors_));
  EXPECT_EQ(missing_urls(verify(sign(microsoft(kSgx)))),
            std::vector<std::string>{"https://shared.weu.attest.azure.net/certs"});
}

TEST_F(TokenMade, WhereIssuersAreNamedNoOtherCounts) {
  ASSERT_TRUE(add_trusted_issuer("https://other.weu.attest.azure.net", anchors_));
  EXPECT_TRUE(testing::fails_only(verify(sign(microsoft(kSgx))), kTokenIssuer, Outcome::kMissing));
  ASSERT_TRUE(add_trusted_issuer(kIssuer, anchors_));
  EXPECT_EQ(worst_of(verify(sign(microsoft(kSgx)))), Outcome::kPassed);
  for (const std::string_view nobody :
       {"", "https://shared.weu.attest.azure.net/", "shared.weu.attest.azure.net", "https://example.com",
        "http://shared.weu.attest.azure.net", "https://nras.attestation.nvidia.com/"}) {
    EXPECT_FALSE(add_trusted_issuer(nobody, anchors_)) << nobody;
  }
}

// The token brings its own key, in every way there is.
TEST_F(TokenMade, WhatTheTokenBringsItselfIsNotBelieved) {
  testing::FakeCa root = testing::FakeCa::root("Own root", {.key = KeyType::kP384, .key_slot = 5});
  const std::string certificate = to_base64(root.certificate().der());
  const auto key = root.key();
  for (const std::string& header :
       {std::string(R"({"alg":"ES384","jku":"https://shared.weu.attest.azure.net/certs"})"),
        R"({"alg":"ES384","x5c":[")" + certificate + "\"]}", std::string(R"({"alg":"ES384","jwk":{"kty":"EC"}})")}) {
    const std::string token = testing::fake_jwt(header, microsoft(kSgx), key, SignatureAlgorithm::kEcdsaSha384);
    EXPECT_FALSE(has(verify(token), kTokenSignature, Outcome::kPassed)) << header;
    // A certificate among the collateral is not a key among the collateral.
    collateral_.add(root.certificate());
    EXPECT_FALSE(has(verify(token), kTokenSignature, Outcome::kPassed)) << header;
  }
}

TEST_F(TokenMade, AnotherAlgorithmThanTheKeys) {
  const std::string text = sign(microsoft(kSgx), 0, R"({"alg":"ES256","kid":"k"})");
  EXPECT_FALSE(has(verify(text), kTokenSignature, Outcome::kPassed));
  EXPECT_FALSE(parse_token(as_bytes(sign(microsoft(kSgx), 0, R"({"alg":"none"})"))));
}

class TokenOfGoogle : public TokenMade {
 protected:
  TokenOfGoogle()
      : root_(testing::FakeCa::root("Space root", {.key = KeyType::kRsa})),
        ca_(root_.issue_ca("Space CA", {.key = KeyType::kRsa, .key_slot = 1})) {
    anchors_.certificates.push_back({AnchorUse::kGoogleSpace, root_.certificate()});
  }
  std::string token(const testing::FakeIdentity& leaf, std::string_view extra = "") const {
    std::string list;
    for (const Certificate* each : {&leaf.certificate, &ca_.certificate(), &root_.certificate()}) {
      list += (list.empty() ? "\"" : ",\"") + to_base64(each->der()) + "\"";
    }
    return testing::fake_jwt(
        R"({"alg":"RS256","x5c":[)" + list + "]}",
        fmt::format(R"({{"iss":"https://confidentialcomputing.googleapis.com",{}{}}})", times(), extra), leaf.key,
        SignatureAlgorithm::kRsaPkcs1Sha256);
  }
  testing::FakeCa root_, ca_;
};

TEST_F(TokenOfGoogle, WithCertificates) {
  const auto leaf = ca_.issue("Space leaf", {.key = KeyType::kRsa, .key_slot = 2});
  EXPECT_EQ(worst_of(verify(token(leaf))), Outcome::kPassed) << testing::text_of(verify(token(leaf)));
  EXPECT_EQ(verify(token(leaf, R"(,"dbgstat":"enabled","hwmodel":"GCP_AMD_SEV")")).claims.debug, true);
  EXPECT_EQ(verify(token(leaf, R"(,"hwmodel":"GCP_AMD_SEV")")).claims.platform, "sev");
  EXPECT_EQ(as_text(verify(token(leaf, R"(,"eat_nonce":["first","second"])")).claims.report_data), "first");
  for (const AnchorUse use : kAllAnchorUses) {
    anchors_.certificates[0].use = use;
    EXPECT_EQ(worst_of(verify(token(leaf))), use == AnchorUse::kGoogleSpace ? Outcome::kPassed : Outcome::kFailed)
        << name_of(use);
  }
}

TEST_F(TokenOfGoogle, WithCertificatesThatDoNotHold) {
  const auto late = ca_.issue("Space leaf", {.key = KeyType::kRsa, .key_slot = 2, .not_after = kFakeNow - kFakeDay});
  EXPECT_EQ(worst_of(verify(token(late))), Outcome::kOutOfTime);
  auto swapped = ca_.issue("Space leaf", {.key = KeyType::kRsa, .key_slot = 2});
  swapped.key = fake_key(KeyType::kRsa, 1);
  EXPECT_TRUE(has(verify(token(swapped)), kTokenSignature, Outcome::kFailed));
  const auto leaf = ca_.issue("Space leaf", {.key = KeyType::kRsa, .key_slot = 2});
  collateral_.add(ca_.revoke({{to_bytes(leaf.certificate.serial())}}));
  EXPECT_TRUE(has(verify(token(leaf)), kTokenChain, Outcome::kFailed)) << testing::text_of(verify(token(leaf)));
}

TEST_F(TokenOfGoogle, ByTheirJwkSet) {
  const std::string claims = fmt::format(R"({{"iss":"https://confidentialcomputing.googleapis.com",{}}})", times());
  EXPECT_EQ(worst_of(verify(sign(claims))), Outcome::kPassed);
  EXPECT_TRUE(
      verify(sign(claims, 1, R"({"alg":"ES384","kid":"x"})")).checks[1].detail.contains("confidentialspace-sign"));
}

class TokenOfNvidia : public TokenMade {
 protected:
  static std::string device(std::string_view extra = R"("measres":"success")", unsigned slot = 0,
                            std::string_view nonce = "aabb") {
    return sign(
        fmt::format(R"({{"iss":"https://nras.attestation.nvidia.com","eat_nonce":"{}",{},{}}})", nonce, times(), extra),
        slot);
  }
  static std::string bundle(const std::string& gpu, std::string_view result = "true",
                            std::string_view algorithm = "SHA-256", std::string_view named = "GPU-0",
                            std::string_view brought = "GPU-0") {
    const Bytes digest = algorithm == "SHA-256" ? to_bytes(sha256(as_bytes(gpu))) : to_bytes(sha384(as_bytes(gpu)));
    const std::string overall =
        sign(fmt::format(R"({{"iss":"https://nras.attestation.nvidia.com","x-nvidia-ver":"3.0","eat_nonce":"aabb",{},)"
                         R"("x-nvidia-overall-att-result":{},"submods":{{"{}":["DIGEST",["{}","{}"]]}}}})",
                         times(), result, named, algorithm, to_hex(digest)));
    return fmt::format(R"([["JWT","{}"],{{"{}":"{}"}}])", overall, brought, gpu);
  }
};

TEST_F(TokenOfNvidia, InOrder) {
  for (const std::string_view algorithm : {"SHA-256", "SHA-384"}) {
    const Findings findings = verify(bundle(device(), "true", algorithm));
    EXPECT_EQ(worst_of(findings), Outcome::kPassed) << testing::text_of(findings);
    EXPECT_EQ(to_hex(findings.claims.report_data), "aabb");
    EXPECT_EQ(findings.parts.at(0).name, "GPU-0");
  }
  EXPECT_EQ(verify(bundle(device(R"("measres":"success","x-nvidia-switch-arch-check":true)")))
                .parts.at(0)
                .findings.claims.platform,
            "nvidia-switch");
}

TEST_F(TokenOfNvidia, NotInOrder) {
  EXPECT_TRUE(has(verify(bundle(device(), "false")), kTokenResult, Outcome::kFailed));
  EXPECT_TRUE(has(verify(bundle(device(), "1")), kTokenResult, Outcome::kFailed));
  EXPECT_TRUE(has(verify(bundle(device(), "true", "MD5")).parts.at(0).findings, kTokenSubmodule, Outcome::kFailed));
  const auto part = [&](const std::string& gpu) { return verify(bundle(gpu)).parts.at(0).findings; };
  EXPECT_TRUE(has(part(device(R"("measres":"fail")")), kTokenResult, Outcome::kFailed));
  EXPECT_TRUE(has(part(device(R"("x":1)")), kTokenResult, Outcome::kFailed));
  EXPECT_TRUE(has(part(device(R"("measres":"success")", 1)), kTokenSignature, Outcome::kFailed));
  EXPECT_TRUE(has(part(device(R"("measres":"success")", 0, "aabc")), kTokenSubmodule, Outcome::kFailed))
      << "another nonce";
}

TEST_F(TokenOfNvidia, TheDevicesAreThoseOfTheOverallToken) {
  const std::string other = device(R"("measres":"success","x":1)");
  std::string text = bundle(device());
  const std::size_t start = text.rfind(":\"") + 2;
  text.replace(start, text.size() - start - 3, other);
  EXPECT_TRUE(has(verify(text).parts.at(0).findings, kTokenSubmodule, Outcome::kFailed))
      << "another genuine token in its place";
  const Findings findings = verify(bundle(device(), "true", "SHA-256", "GPU-0", "GPU-1"));
  EXPECT_TRUE(has(findings, kTokenSubmodule, Outcome::kMissing)) << "one named, not brought";
  EXPECT_TRUE(has(findings.parts.at(0).findings, kTokenSubmodule, Outcome::kFailed)) << "one brought, not named";
}

}  // namespace
}  // namespace adyton
