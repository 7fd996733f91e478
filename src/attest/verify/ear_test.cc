// SPDX-License-Identifier: Apache-2.0
// Attestation results, read, checked and written.
#include "attest/verify/ear.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "attest/appraise/ear_writer.h"
#include "attest/verify/jwt.h"
#include "base/cbor.h"
#include "testing/fake_pki.h"
#include "testing/fake_token.h"
#include "testing/findings.h"

namespace adyton {
namespace {

using testing::fake_key;
using testing::has;
using testing::kFakeNow;
using testing::worst_of;

// The examples of draft-ietf-rats-ear-04, figures 3 and 5: the same appraisal in both encodings.
constexpr std::string_view kExample = R"({
  "eat_profile": "tag:github.com,2023:veraison/ear",
  "iat": 1666529184,
  "ear.verifier-id": {"developer": "https://veraison-project.org", "build": "vts 0.0.1"},
  "ear.raw-evidence": "NzQ3MjY5NzM2NTYzNzQK",
  "submods": {"PSA": {
      "ear.status": "contraindicated",
      "ear.trustworthiness-vector": {"instance-identity": 2, "executables": 96, "hardware": 2},
      "ear.appraisal-policy-id": "https://veraison.example/policy/1/60a0068d"}}})";

std::string jwt(std::string_view claims, unsigned slot = 0) {
  return testing::fake_jwt(R"({"alg":"ES256","typ":"JWT"})", claims, fake_key(KeyType::kP256, slot),
                           SignatureAlgorithm::kEcdsaSha256);
}

Bytes cwt_claims(std::uint64_t status = 96, std::int64_t executables = 96) {
  cbor::MapWriter claims, verifier, submodules, appraisal, vector;
  verifier.key(0).text("https://veraison-project.org");
  verifier.key(1).text("vts 0.0.1");
  vector.key(0).integer(2);
  vector.key(2).integer(executables);
  vector.key(4).integer(2);
  appraisal.key(1000).unsigned_integer(status);
  appraisal.key(1001).map(vector);
  appraisal.key(1003).text("https://veraison.example/policy/1/60a0068d");
  appraisal.key(-70000).map(cbor::MapWriter());
  submodules.key("PSA").map(appraisal);
  claims.key(265).text(kEarProfile);
  claims.key(6).integer(1666529184);
  claims.key(10).bytes(as_bytes("0123456789abcdef"));
  claims.key(1004).map(verifier);
  claims.key(1002).bytes(as_bytes("lifeboatman"));
  claims.key(266).map(submodules);
  return cbor::Writer().map(claims).encoded();
}

Bytes cwt(const Bytes& claims, unsigned slot = 0, bool tagged = false) {
  cbor::MapWriter headers;
  headers.key(kCoseAlgorithm).integer(-7);
  CoseSign1 message;
  message.protected_headers = cbor::Writer().map(headers).encoded();
  message.unprotected_headers = cbor::Writer().map({}).encoded();
  message.payload = claims;
  message.signature =
      fake_key(KeyType::kP256, slot)
          .sign(SignatureAlgorithm::kEcdsaSha256, cose_to_be_signed(message.protected_headers, claims), EcdsaForm::kRaw)
          .value();
  Bytes out = encode_cose_sign1(message);
  if (tagged) out = cbor::Writer().tag(61).item(out).encoded();
  return out;
}

class EarMade : public ::testing::Test {
 protected:
  EarMade() { anchors_.keys.push_back({AnchorUse::kAttestResult, fake_key(KeyType::kP256).verifying_key()}); }
  Findings verify(BytesView bytes, std::int64_t now = kFakeNow) {
    const auto ear = parse_ear(bytes);
    EXPECT_TRUE(ear) << ear.error().message;
    return ear ? verify_ear(*ear, {collateral_, anchors_, now}) : Findings();
  }
  Findings verify(const std::string& text, std::int64_t now = kFakeNow) { return verify(as_bytes(text), now); }
  Collateral collateral_;
  TrustAnchors anchors_;
};

void expect_example(const Ear& ear) {
  EXPECT_EQ(ear.profile, kEarProfile);
  EXPECT_EQ(ear.issued_at, 1666529184);
  EXPECT_EQ(ear.build, "vts 0.0.1");
  ASSERT_EQ(ear.appraisals.size(), 1u);
  const EarAppraisal& appraisal = ear.appraisals[0];
  EXPECT_EQ(appraisal.name, "PSA");
  EXPECT_EQ(appraisal.status, TrustTier::kContraindicated);
  TrustVector vector;
  vector[TrustClaim::kInstanceIdentity] = 2;
  vector[TrustClaim::kExecutables] = 96;
  vector[TrustClaim::kHardware] = 2;
  EXPECT_EQ(appraisal.vector, vector);
  EXPECT_EQ(appraisal.policy_id, "https://veraison.example/policy/1/60a0068d");
}

TEST_F(EarMade, TheExamplesOfTheDraft) {
  expect_example(parse_ear(as_bytes(jwt(kExample))).value());
  for (const bool tagged : {false, true}) {
    const Bytes bytes = cwt(cwt_claims(), 0, tagged);
    EXPECT_TRUE(looks_like_ear(bytes));
    const Ear ear = parse_ear(bytes).value();
    expect_example(ear);
    EXPECT_FALSE(ear.is_jwt());
    EXPECT_EQ(as_text(ear.raw_evidence), "lifeboatman");
    EXPECT_EQ(as_text(ear.nonce), "0123456789abcdef");
    const Findings findings = verify(bytes);
    EXPECT_TRUE(has(findings, kTokenSignature, Outcome::kPassed)) << testing::text_of(findings);
    EXPECT_TRUE(has(findings.parts.at(0).findings, kEarStatus, Outcome::kNoted));
    EXPECT_EQ(findings.parts.at(0).findings.claims.appraisal, "contraindicated");
    EXPECT_TRUE(testing::is_genuine(findings)) << "it is the verifier's no";
    EXPECT_TRUE(has(findings.parts.at(0).findings, kEarConsistency, Outcome::kPassed));
  }
}

TEST_F(EarMade, StatusesAndVectors) {
  const auto part = [&](std::uint64_t status, std::int64_t claim) {
    return verify(cwt(cwt_claims(status, claim))).parts.at(0).findings;
  };
  EXPECT_EQ(worst_of(part(2, 2)), Outcome::kPassed);
  EXPECT_TRUE(has(part(32, 33), kEarStatus, Outcome::kNoted));
  EXPECT_EQ(part(32, 33).claims.appraisal, "warning");
  EXPECT_TRUE(has(part(0, 2), kEarStatus, Outcome::kNoted));
  EXPECT_EQ(part(0, 2).claims.appraisal, "none");
  EXPECT_TRUE(has(part(2, 32), kEarConsistency, Outcome::kFailed)) << "better than its vector";
  EXPECT_TRUE(has(part(32, -97), kEarConsistency, Outcome::kFailed));
  EXPECT_TRUE(has(part(96, 2), kEarConsistency, Outcome::kPassed)) << "worse than its vector may be";
  EXPECT_FALSE(parse_ear(cwt(cwt_claims(3))));
  EXPECT_FALSE(parse_ear(cwt(cwt_claims(2, 128))));
}

TEST(EarTiers, ByRanges) {
  const std::pair<int, TrustTier> claims[] = {{0, TrustTier::kNone},
                                              {1, TrustTier::kNone},
                                              {-1, TrustTier::kNone},
                                              {2, TrustTier::kAffirming},
                                              {31, TrustTier::kAffirming},
                                              {-2, TrustTier::kAffirming},
                                              {-32, TrustTier::kAffirming},
                                              {32, TrustTier::kWarning},
                                              {95, TrustTier::kWarning},
                                              {-33, TrustTier::kWarning},
                                              {-96, TrustTier::kWarning},
                                              {96, TrustTier::kContraindicated},
                                              {127, TrustTier::kContraindicated},
                                              {-97, TrustTier::kContraindicated},
                                              {-128, TrustTier::kContraindicated}};
  for (const auto& [claim, tier] : claims) EXPECT_EQ(tier_of_claim(static_cast<std::int8_t>(claim)), tier) << claim;
}

TEST_F(EarMade, WhoSigned) {
  for (const unsigned slot : {0u, 1u}) {
    const Outcome wanted = slot == 0 ? Outcome::kPassed : Outcome::kFailed;
    EXPECT_TRUE(has(verify(jwt(kExample, slot)), kTokenSignature, wanted));
    EXPECT_TRUE(has(verify(cwt(cwt_claims(), slot)), kTokenSignature, wanted));
  }
  for (const AnchorUse use : kAllAnchorUses) {
    anchors_.keys = {{use, fake_key(KeyType::kP256).verifying_key(), ""}};
    const bool believed = use == AnchorUse::kAttestResult;
    EXPECT_EQ(has(verify(jwt(kExample)), kTokenSignature, Outcome::kPassed), believed) << name_of(use);
    EXPECT_EQ(has(verify(cwt(cwt_claims())), kTokenSignature, Outcome::kPassed), believed) << name_of(use);
  }
  // A key among the collateral does not make a verifier trusted.
  anchors_ = {};
  collateral_.add_key("k", fake_key(KeyType::kP256).verifying_key());
  EXPECT_TRUE(has(verify(jwt(kExample)), kTokenSignature, Outcome::kMissing));
  EXPECT_TRUE(has(verify(cwt(cwt_claims())), kTokenSignature, Outcome::kMissing));
}

TEST_F(EarMade, Times) {
  EXPECT_TRUE(has(verify(jwt(kExample), 1666529184), kTokenValidity, Outcome::kNoted));
  EXPECT_TRUE(has(verify(jwt(kExample), 1666529183), kTokenValidity, Outcome::kOutOfTime));
}

TEST_F(EarMade, RefusesClaims) {
  const auto with = [](std::string_view from, std::string_view to) {
    std::string text(kExample);
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return jwt(text.replace(at, from.size(), to));
  };
  for (const std::string& bad :
       {with("2023:veraison/ear", "2022:veraison/ear"), with("\"eat_profile\"", "\"profile\""),
        with("1666529184", "\"1666529184\""), with("\"iat\"", "\"at\""), with("\"build\"", "\"built\""),
        with("NzQ3MjY5", "NzQ3MjY5="), with("\"contraindicated\"", "96"), with("\"contraindicated\"", "\"bad\""),
        with("\"hardware\": 2", "\"hardware\": 128"), with("\"hardware\": 2", "\"hardware\": \"2\""),
        with("\"hardware\"", "\"software\""),
        with("{\"instance-identity\": 2, \"executables\": 96, \"hardware\": 2}", "{}"),
        with("{\"PSA\"", "{\"PSA\": {}, \"PSB\""), with("\"submods\"", "\"modules\"")}) {
    EXPECT_FALSE(parse_ear(as_bytes(bad)));
  }
  EXPECT_FALSE(parse_ear(as_bytes(jwt(R"({"eat_profile":"tag:github.com,2023:veraison/ear","iat":1,"submods":{},)"
                                      R"("ear.verifier-id":{"developer":"d","build":"b"}})"))));
}

TEST_F(EarMade, EveryTruncationIsRefused) {
  const Bytes bytes = cwt(cwt_claims());
  for (std::size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(parse_ear(BytesView(bytes).first(size))) << size;
  const Bytes claims = cwt_claims();
  for (std::size_t size = 0; size < claims.size(); ++size) {
    EXPECT_FALSE(parse_ear(cwt(to_bytes(BytesView(claims).first(size))))) << size;
  }
}

TEST_F(EarMade, EveryFlippedBitOfACwtShows) {
  const Bytes bytes = cwt(cwt_claims(2, 2));
  ASSERT_EQ(worst_of(verify(bytes)), Outcome::kPassed);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    Bytes flipped = bytes;
    flipped[i] ^= std::byte{1};
    const auto ear = parse_ear(flipped);
    if (ear) {
      EXPECT_NE(worst_of(verify_ear(*ear, {collateral_, anchors_, kFakeNow})), Outcome::kPassed) << i;
    }
  }
}

EarContents contents() {
  Findings findings;
  findings.claims.platform = "sgx";
  findings.claims.debug = false;
  findings.claims.tcb_status = TcbStatus::kUpToDate;
  findings.pass("something");
  EarContents out{.developer = "https://example.com",
                  .build = "adyton 0.1",
                  .nonce = Bytes(32, std::byte{7}),
                  .lifetime_seconds = 300};
  out.appraisals.push_back(appraisal_of("cpu", findings));
  return out;
}

TEST_F(EarMade, WhatIsWrittenIsRead) {
  for (const KeyKind kind : {KeyKind::kP256, KeyKind::kP384}) {
    const PrivateKey key = PrivateKey::generate(kind).value();
    anchors_.keys = {{AnchorUse::kAttestResult, VerifyingKey::parse_spki(key.public_key().der()).value()}};
    const auto text = make_ear(contents(), key, kFakeNow);
    ASSERT_TRUE(text) << text.error().message;
    const Findings findings = verify(*text);
    EXPECT_EQ(worst_of(findings), Outcome::kPassed) << testing::text_of(findings);
    EXPECT_EQ(worst_of(verify(*text, kFakeNow + 300)), Outcome::kOutOfTime);
    EXPECT_EQ(findings.claims.report_data, Bytes(32, std::byte{7}));
    const Ear ear = parse_ear(as_bytes(*text)).value();
    EXPECT_EQ(ear.appraisals[0].vector, contents().appraisals[0].vector);
    EXPECT_EQ(ear.appraisals[0].status, TrustTier::kAffirming);
  }
}

TEST_F(EarMade, WhatIsNotWritten) {
  const PrivateKey key = PrivateKey::generate(KeyKind::kP256).value();
  const auto refused = [&](const std::function<void(EarContents&)>& change) {
    EarContents changed = contents();
    change(changed);
    return !make_ear(changed, key, kFakeNow).has_value();
  };
  EXPECT_TRUE(refused([](EarContents& c) { c.developer.clear(); }));
  EXPECT_TRUE(refused([](EarContents& c) { c.build = "\xff"; }));
  EXPECT_TRUE(refused([](EarContents& c) { c.nonce.resize(7); }));
  EXPECT_TRUE(refused([](EarContents& c) { c.nonce.resize(65); }));
  EXPECT_TRUE(refused([](EarContents& c) { c.lifetime_seconds = 0; }));
  EXPECT_TRUE(refused([](EarContents& c) { c.lifetime_seconds = std::numeric_limits<std::int64_t>::max(); }));
  EXPECT_TRUE(refused([](EarContents& c) { c.appraisals.clear(); }));
  EXPECT_TRUE(refused([](EarContents& c) { c.appraisals.push_back(c.appraisals[0]); })) << "one name twice";
  EXPECT_TRUE(refused([](EarContents& c) { c.appraisals[0].name.clear(); }));
  EXPECT_TRUE(refused([](EarContents& c) { c.appraisals[0].vector = TrustVector(); }));
  EXPECT_TRUE(refused([](EarContents& c) { (*c.appraisals[0].vector)[TrustClaim::kExecutables] = 33; }))
      << "affirming nonetheless";
  EXPECT_FALSE(make_ear(contents(), PrivateKey::generate(KeyKind::kEd25519).value(), kFakeNow));
}

TEST(EarAppraisalOfFindings, SaysWhatTheyCanTell) {
  const auto made = [](TcbStatus status, std::optional<bool> debug, Outcome outcome) {
    Findings findings;
    findings.claims.platform = "tdx";
    findings.claims.tcb_status = status;
    findings.claims.debug = debug;
    findings.checks.push_back({"check", outcome, ""});
    Findings whole = findings;
    whole.checks = {{"whole", Outcome::kPassed, ""}};
    whole.parts.push_back({"part", findings});
    return appraisal_of("x", whole);
  };
  EXPECT_EQ(made(TcbStatus::kUpToDate, false, Outcome::kPassed).status, TrustTier::kAffirming);
  EXPECT_EQ(made(TcbStatus::kOutOfDate, false, Outcome::kPassed).status, TrustTier::kWarning);
  EXPECT_EQ(made(TcbStatus::kConfigurationNeeded, false, Outcome::kPassed).status, TrustTier::kWarning);
  EXPECT_EQ(made(TcbStatus::kRevoked, false, Outcome::kPassed).status, TrustTier::kContraindicated);
  EXPECT_EQ(made(TcbStatus::kNotSupported, false, Outcome::kPassed).status, TrustTier::kContraindicated);
  EXPECT_EQ(made(TcbStatus::kUpToDate, true, Outcome::kPassed).status, TrustTier::kContraindicated);
  EXPECT_EQ(made(TcbStatus::kUpToDate, false, Outcome::kFailed).status, TrustTier::kContraindicated);
  EXPECT_EQ((*made(TcbStatus::kUpToDate, false, Outcome::kFailed).vector)[TrustClaim::kInstanceIdentity], 99);
  EXPECT_FALSE((*made(TcbStatus::kUpToDate, false, Outcome::kFailed).vector)[TrustClaim::kHardware]);
  EXPECT_EQ(made(TcbStatus::kUpToDate, false, Outcome::kMissing).status, TrustTier::kNone);
  EXPECT_EQ(made(TcbStatus::kUpToDate, false, Outcome::kOutOfTime).status, TrustTier::kNone);
  EXPECT_EQ(made(TcbStatus::kNone, {}, Outcome::kNoted).status, TrustTier::kAffirming);
}

}  // namespace
}  // namespace adyton
