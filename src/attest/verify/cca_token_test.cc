// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/cca_token.h"

#include <gtest/gtest.h>

#include "testing/fake_arm.h"
#include "testing/findings.h"

namespace adyton {
namespace {

using testing::fails_only;
using testing::fake_key;
using testing::FakeCca;
using testing::field;
using testing::has;
using testing::is_genuine;
using testing::text_of;

struct Fixture {
  Collateral collateral;
  TrustAnchors anchors;
  Fixture() { anchors.keys = {{AnchorUse::kArmCca, FakeCca().platform_key.verifying_key()}}; }
  [[nodiscard]] Findings verify(const FakeCca& cca) const {
    return verify_cca_token(parse_cca_token(cca.token()).value(), {collateral, anchors, 0});
  }
  [[nodiscard]] Findings verify(void (*change)(FakeCca&)) const {
    FakeCca cca;
    change(cca);
    return verify(cca);
  }
};

TEST(Cca, GenuineTokenPasses) {
  const FakeCca cca;
  const Findings findings = Fixture().verify(cca);
  EXPECT_TRUE(is_genuine(findings)) << text_of(findings);
  for (std::string_view what :
       {kCcaPlatformSignature, kCcaInstanceId, kCcaLifecycle, kCcaBinding, kCcaRealmKey, kCcaRealmSignature}) {
    EXPECT_TRUE(has(findings, what, Outcome::kPassed)) << what;
  }
  EXPECT_EQ(findings.claims.platform, "arm-cca");
  EXPECT_EQ(findings.claims.hardware_model, "implementation " + to_hex(Bytes(32, std::byte{7})));
  EXPECT_EQ(findings.claims.measurement, cca.initial_measurement);
  EXPECT_EQ(findings.claims.report_data, cca.challenge);
  EXPECT_EQ(findings.claims.host_data, Bytes(64, std::byte{9}));
  EXPECT_EQ(findings.claims.debug, false);
  ASSERT_EQ(findings.claims.boot_chain.size(), 6U);
  EXPECT_EQ(findings.claims.boot_chain[0].name, "REM0");
  EXPECT_EQ(findings.claims.boot_chain[5].name, "platform.RMM");
  EXPECT_EQ(field(findings, "platform.verification_service"), "https://verifier.example");
}

TEST(Cca, RealmKeyMayBeAPointOrACoseKey) {
  const Fixture f;
  for (KeyType type : {KeyType::kP256, KeyType::kP384, KeyType::kP521}) {
    for (bool point : {false, true}) {
      for (const char* hash : {"sha-256", "sha-384", "sha-512"}) {
        FakeCca cca;
        cca.realm_key = fake_key(type, 12);
        cca.key_as_point = point;
        cca.key_hash = hash;
        const Findings findings = f.verify(cca);
        EXPECT_TRUE(is_genuine(findings)) << text_of(findings);
      }
    }
  }
}

TEST(Cca, WithoutThePlatformsKeyItIsMissing) {
  Fixture f;
  f.anchors.keys.clear();
  const Findings findings = f.verify(FakeCca());
  EXPECT_TRUE(fails_only(findings, kCcaPlatformSignature, Outcome::kMissing)) << text_of(findings);
  EXPECT_NE(text_of(findings).find(to_hex(FakeCca().instance_id)), std::string::npos);
  f.collateral.add_key("cpak", FakeCca().platform_key.verifying_key());
  EXPECT_TRUE(fails_only(f.verify(FakeCca()), kCcaPlatformSignature, Outcome::kMissing)) << "it only lies there";
}

TEST(Cca, RefusesKeysForAnotherUse) {
  Fixture f;
  for (const AnchorUse use : kAllAnchorUses) {
    f.anchors.keys = {{use, FakeCca().platform_key.verifying_key()}};
    EXPECT_EQ(is_genuine(f.verify(FakeCca())), use == AnchorUse::kArmCca) << name_of(use);
  }
}

TEST(Cca, PlatformSignedByAnotherFails) {
  const Fixture f;
  EXPECT_TRUE(fails_only(f.verify([](FakeCca& c) { c.platform_key = fake_key(KeyType::kP384, 13); }),
                         kCcaPlatformSignature, Outcome::kFailed));
  EXPECT_TRUE(fails_only(f.verify([](FakeCca& c) { c.platform_cose.other_message = true; }), kCcaPlatformSignature,
                         Outcome::kFailed));
}

TEST(Cca, AnotherRealmsKeyIsNotBound) {
  const Fixture f;
  EXPECT_TRUE(fails_only(f.verify([](FakeCca& c) { c.binding = Bytes(64); }), kCcaBinding, Outcome::kFailed));
  // A realm of the attacker's beside a genuine platform token.
  FakeCca attacker;
  attacker.realm_key = fake_key(KeyType::kP384, 14);
  attacker.platform_token = testing::fake_sign1(FakeCca().platform_payload(), FakeCca().platform_key);
  EXPECT_TRUE(fails_only(f.verify(attacker), kCcaBinding, Outcome::kFailed));
  EXPECT_TRUE(fails_only(f.verify([](FakeCca& c) { c.key_hash = "sha-1"; }), kCcaBinding, Outcome::kFailed));
}

TEST(Cca, RealmIsSignedByItsKey) {
  const Fixture f;
  EXPECT_TRUE(fails_only(f.verify([](FakeCca& c) { c.realm_cose.other_message = true; }), kCcaRealmSignature,
                         Outcome::kFailed));
  FakeCca other;
  other.realm_token = testing::fake_sign1(other.realm_payload(), fake_key(KeyType::kP384, 15));
  EXPECT_TRUE(fails_only(f.verify(other), kCcaRealmSignature, Outcome::kFailed));
}

TEST(Cca, DebugPlatformsAreSaid) {
  const Fixture f;
  const Findings findings = f.verify([](FakeCca& c) { c.lifecycle = 0x4001; });
  EXPECT_TRUE(is_genuine(findings));
  EXPECT_EQ(findings.claims.debug, true);
  EXPECT_TRUE(has(findings, kCcaLifecycle, Outcome::kNoted));
}

TEST(Cca, RealmAloneIsNeverEnough) {
  Fixture f;
  f.anchors.keys.push_back({AnchorUse::kArmCca, FakeCca().realm_key.verifying_key()});
  const Findings findings = f.verify([](FakeCca& c) { c.no_platform = true; });
  EXPECT_TRUE(has(findings, kCcaPlatformSignature, Outcome::kMissing));
  EXPECT_TRUE(has(findings, kCcaRealmSignature, Outcome::kPassed));
  EXPECT_FALSE(is_genuine(findings));
  EXPECT_FALSE(findings.claims.debug);
}

}  // namespace
}  // namespace adyton
