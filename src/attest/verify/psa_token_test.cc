// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/psa_token.h"

#include <gtest/gtest.h>

#include "testing/fake_arm.h"
#include "testing/findings.h"

namespace adyton {
namespace {

using testing::fails_only;
using testing::fake_key;
using testing::fake_mac0;
using testing::fake_sign1;
using testing::FakePsaClaims;
using testing::has;
using testing::is_genuine;
using testing::text_of;

struct Fixture {
  Collateral collateral;
  TrustAnchors anchors;
  [[nodiscard]] Findings verify(BytesView encoded) const {
    return verify_psa_token(parse_psa_token(encoded).value(), {collateral, anchors, 0});
  }
};

TEST(Psa, SignedByAKnownKeyPasses) {
  for (KeyType type : {KeyType::kP256, KeyType::kP384, KeyType::kP521, KeyType::kEd25519}) {
    Fixture f;
    f.anchors.keys = {{AnchorUse::kArmPsa, fake_key(type, 1).verifying_key()},
                      {AnchorUse::kArmPsa, fake_key(type).verifying_key()}};
    const Findings findings = f.verify(fake_sign1(FakePsaClaims().payload(), fake_key(type)));
    EXPECT_TRUE(is_genuine(findings)) << text_of(findings);
    EXPECT_TRUE(has(findings, kPsaSignature, Outcome::kPassed));
    EXPECT_TRUE(has(findings, kPsaInstanceId, Outcome::kNoted));
    EXPECT_EQ(findings.claims.platform, "psa");
    EXPECT_EQ(findings.claims.hardware_model, "1234567890123-12345");
    EXPECT_EQ(findings.claims.report_data, Bytes(32, std::byte{1}));
    EXPECT_EQ(findings.claims.measurement, Bytes(32, std::byte{0x31}));
    EXPECT_EQ(findings.claims.signer, Bytes(32, std::byte{0x32}));
    EXPECT_EQ(findings.claims.debug, false);
    ASSERT_EQ(findings.claims.boot_chain.size(), 1U);
    EXPECT_EQ(findings.claims.boot_chain[0].name, "BL");
  }
}

TEST(Psa, InstanceIdIsTheKeysHash) {
  Fixture f;
  const SigningKey key = fake_key(KeyType::kP256);
  f.anchors.keys = {{AnchorUse::kArmPsa, key.verifying_key()}};
  FakePsaClaims claims;
  const Digest256 hash = sha256(testing::fake_point(key.verifying_key()));
  std::ranges::copy(hash, claims.instance_id.begin() + 1);
  EXPECT_TRUE(has(f.verify(fake_sign1(claims.payload(), key)), kPsaInstanceId, Outcome::kPassed));
}

TEST(Psa, AKeyInTheCollateralMakesNobodyBelieved) {
  Fixture f;
  const SigningKey key = fake_key(KeyType::kP256);
  f.collateral.add_key("iak.pem", key.verifying_key());
  const Findings findings = f.verify(fake_sign1(FakePsaClaims().payload(), key));
  EXPECT_TRUE(fails_only(findings, kPsaSignature, Outcome::kMissing)) << text_of(findings);
  EXPECT_TRUE(text_of(findings).contains("\"iak.pem\" of the collateral")) << text_of(findings);
  EXPECT_TRUE(text_of(findings).contains("--trust-root arm-psa=FILE")) << text_of(findings);
}

TEST(Psa, RefusesKeysForAnotherUse) {
  Fixture f;
  const SigningKey key = fake_key(KeyType::kP256);
  for (const AnchorUse use : kAllAnchorUses) {
    f.anchors.keys = {{use, key.verifying_key()}};
    EXPECT_EQ(is_genuine(f.verify(fake_sign1(FakePsaClaims().payload(), key))), use == AnchorUse::kArmPsa)
        << name_of(use);
  }
}

TEST(Psa, WithoutTheKeyItIsMissingAndNamed) {
  Fixture f;
  f.anchors.keys = {{AnchorUse::kArmPsa, fake_key(KeyType::kP384).verifying_key()}};
  const Findings findings = f.verify(fake_sign1(FakePsaClaims().payload(), fake_key(KeyType::kP256)));
  EXPECT_TRUE(fails_only(findings, kPsaSignature, Outcome::kMissing)) << text_of(findings);
  EXPECT_NE(text_of(findings).find(to_hex(FakePsaClaims().instance_id)), std::string::npos);
}

TEST(Psa, AnotherKeyOrMessageFails) {
  Fixture f;
  f.anchors.keys = {{AnchorUse::kArmPsa, fake_key(KeyType::kP256, 1).verifying_key()}};
  const Bytes payload = FakePsaClaims().payload();
  EXPECT_TRUE(fails_only(f.verify(fake_sign1(payload, fake_key(KeyType::kP256))), kPsaSignature, Outcome::kFailed));
  f.anchors.keys = {{AnchorUse::kArmPsa, fake_key(KeyType::kP256).verifying_key()}};
  EXPECT_TRUE(fails_only(f.verify(fake_sign1(payload, fake_key(KeyType::kP256), {.other_message = true})),
                         kPsaSignature, Outcome::kFailed));
  EXPECT_TRUE(fails_only(f.verify(fake_sign1(payload, fake_key(KeyType::kP256), {.algorithm = -47})), kPsaSignature,
                         Outcome::kFailed));
}

TEST(Psa, CodesNeedTheirSecret) {
  const Bytes secret(32, std::byte{0x55});
  FakePsaClaims claims;
  std::ranges::copy(sha256(sha256(secret)), claims.instance_id.begin() + 1);
  for (HmacHash hash : {HmacHash::kSha256, HmacHash::kSha384, HmacHash::kSha512}) {
    const Bytes encoded = fake_mac0(claims.payload(), secret, hash);
    Fixture f;
    f.anchors.keys = {{AnchorUse::kArmPsa, fake_key(KeyType::kP256).verifying_key()}};
    EXPECT_TRUE(fails_only(f.verify(encoded), kPsaCode, Outcome::kMissing));
    f.collateral.add_document("psa-mac0-key", secret);  // nobody said that it may be believed
    EXPECT_TRUE(fails_only(f.verify(encoded), kPsaCode, Outcome::kMissing));
    f.anchors.secrets = {{AnchorUse::kArmPsa, secret}};
    EXPECT_TRUE(fails_only(f.verify(encoded), kPsaCode, Outcome::kMissing)) << "for another use";
    f.anchors.secrets = {{AnchorUse::kArmPsaSecret, Bytes(32)}, {AnchorUse::kArmPsaSecret, secret}};
    const Findings findings = f.verify(encoded);
    EXPECT_TRUE(is_genuine(findings)) << text_of(findings);
    EXPECT_TRUE(has(findings, kPsaInstanceId, Outcome::kPassed));
    Fixture wrong;
    wrong.anchors.secrets = {{AnchorUse::kArmPsaSecret, Bytes(32)}};
    EXPECT_TRUE(fails_only(wrong.verify(encoded), kPsaCode, Outcome::kFailed));
    Fixture empty;
    empty.anchors.secrets = {{AnchorUse::kArmPsaSecret, Bytes()}};
    EXPECT_TRUE(fails_only(empty.verify(encoded), kPsaCode, Outcome::kFailed));
  }
}

TEST(Psa, OnlySecuredIsNotDebug) {
  Fixture f;
  f.anchors.keys = {{AnchorUse::kArmPsa, fake_key(KeyType::kP256).verifying_key()}};
  for (std::uint64_t lifecycle : {0x0000, 0x1000, 0x2001, 0x30ff, 0x4000, 0x5000, 0x6000}) {
    FakePsaClaims claims;
    claims.lifecycle = lifecycle;
    const Findings findings = f.verify(fake_sign1(claims.payload(), fake_key(KeyType::kP256)));
    EXPECT_EQ(findings.claims.debug, lifecycle >> 8 != 0x30) << lifecycle;
  }
}

TEST(Psa, ComponentsHaveDistinctNames) {
  FakePsaClaims claims;
  claims.components = {{.type = "A"}, {.type = "A"}, {.type = {}}};
  const Findings findings = Fixture().verify(fake_sign1(claims.payload(), fake_key(KeyType::kP256)));
  ASSERT_EQ(findings.claims.boot_chain.size(), 3U);
  EXPECT_EQ(findings.claims.boot_chain[0].name, "A");
  EXPECT_EQ(findings.claims.boot_chain[1].name, "1");
  EXPECT_EQ(findings.claims.boot_chain[2].name, "2");
}

}  // namespace
}  // namespace adyton
