// SPDX-License-Identifier: Apache-2.0
// Published attestation results, as their index says they have to come out.
#include "attest/verify/ear.h"

#include <set>

#include <gtest/gtest.h>

#include "attest/collateral/json_web_keys.h"
#include "attest/verify/jwt.h"
#include "testing/evidence_files.h"
#include "testing/findings.h"

namespace adyton {
namespace {

using testing::has;
using testing::worst_of;

constexpr std::int64_t kNow =
    1'752'059'200;  // 2025-07-09: after the last was issued, before the only one with exp expires

class EarEvidenceFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::evidence_folder();
    if (!folder_) GTEST_SKIP() << "no real evidence here: set ADYTON_EVIDENCE to a folder that has it";
    anchors_.keys.push_back(
        {AnchorUse::kAttestResult, key_of(parse_json(text("eat/ear-veraison-test-key.pub.jwk")).value())});
  }
  std::string text(const std::string& name) { return std::string(as_text(testing::read_evidence(*folder_ / name))); }
  static VerifyingKey key_of(const Json& jwk) { return parse_json_web_keys(jwk).value().keys.at(0).key; }
  Ear parse(const std::string& name) { return parse_ear(as_bytes(text(name))).value(); }
  Findings verify(const Ear& ear, const TrustAnchors& anchors) { return verify_ear(ear, {nothing_, anchors, kNow}); }

  std::optional<std::filesystem::path> folder_;
  Collateral nothing_;
  TrustAnchors anchors_;
};

constexpr const char* kVeraison[] = {"eat/ear-attested-tls-poc-8830d6.jwt", "eat/ear-ear-1c5ec0.jwt",
                                     "eat/ear-ear-bfc53a.jwt", "eat/ear-services-fc6327.jwt"};
constexpr const char* kTrustee = "eat/ear-ear-f73085.jwt";

TEST_F(EarEvidenceFiles, TheIndexHasNothingElse) {
  const Json index = parse_json(text("INDEX.json")).value();
  std::set<std::string_view> known(std::begin(kVeraison), std::end(kVeraison));
  known.insert({kTrustee, "eat/ear-veraison-test-key.pub.jwk", "eat/trustee-example.token.json"});
  for (const Json& entry : index) {
    const std::string_view path = *text_of(find(&entry, "path"));
    if (path.starts_with("eat/") && !path.starts_with("eat/maa-")) {
      EXPECT_TRUE(known.contains(path)) << path;
    }
  }
}

TEST_F(EarEvidenceFiles, OfVeraison) {
  for (const char* name : kVeraison) {
    const Ear ear = parse(name);
    const Findings findings = verify(ear, anchors_);
    EXPECT_EQ(worst_of(findings), Outcome::kPassed) << name << "\n" << testing::text_of(findings);
    EXPECT_TRUE(has(findings, kTokenSignature, Outcome::kPassed));
    EXPECT_EQ(findings.parts.size(), 1u);
    // Nobody is believed unasked.
    EXPECT_TRUE(has(verify(ear, {}), kTokenSignature, Outcome::kMissing)) << name;
  }
  const Ear ear = parse("eat/ear-attested-tls-poc-8830d6.jwt");
  EXPECT_EQ(ear.issued_at, 1666529184);
  EXPECT_EQ(ear.developer, "https://veraison-project.org");
  EXPECT_EQ(ear.appraisals[0].name, "PARSEC_TPM");
  EXPECT_EQ((*ear.appraisals[0].vector)[TrustClaim::kHardware], 2);
}

// Its header has the key that it is signed with. That proves nothing: only once the caller trusts the key does it
// count.
TEST_F(EarEvidenceFiles, OfTrusteeWithAKeyInItsHeader) {
  const Ear ear = parse(kTrustee);
  EXPECT_EQ(ear.profile, kTrusteeProfile);
  EXPECT_TRUE(has(verify(ear, {}), kTokenSignature, Outcome::kMissing));
  EXPECT_TRUE(has(verify(ear, anchors_), kTokenSignature, Outcome::kFailed));
  TrustAnchors trusted;
  trusted.keys.push_back({AnchorUse::kAttestResult, key_of(*find(std::get<Jwt>(ear.envelope).header.get(), "jwk"))});
  const Findings findings = verify(ear, trusted);
  EXPECT_EQ(worst_of(findings), Outcome::kPassed) << testing::text_of(findings);
  const Findings late = verify_ear(ear, {nothing_, trusted, 1'752'059'439});
  EXPECT_EQ(worst_of(late), Outcome::kOutOfTime);
}

// Claims alone, as documentation shows them: no token.
TEST_F(EarEvidenceFiles, ClaimsWithoutASignatureAreNoResult) {
  const std::string claims = text("eat/trustee-example.token.json");
  EXPECT_FALSE(parse_ear(as_bytes(claims)));
  EXPECT_FALSE(looks_like_ear(as_bytes(claims)));
}

TEST_F(EarEvidenceFiles, EveryFlippedBitShows) {
  for (const char* name : kVeraison) {
    const std::string token = text(name);
    for (std::size_t i = 0; i < token.size(); ++i) {
      std::string flipped = token;
      flipped[i] = static_cast<char>(flipped[i] ^ 1);
      const auto ear = parse_ear(as_bytes(flipped));
      if (ear) {
        EXPECT_NE(worst_of(verify(*ear, anchors_)), Outcome::kPassed) << name << " byte " << i;
      }
    }
  }
}

}  // namespace
}  // namespace adyton
