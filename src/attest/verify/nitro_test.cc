// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/nitro.h"

#include <gtest/gtest.h>

#include "testing/fake_nitro.h"
#include "testing/findings.h"

namespace adyton {
namespace {

using testing::fails_only;
using testing::FakeNitro;
using testing::FakeOptions;
using testing::field;
using testing::has;
using testing::is_genuine;
using testing::kFakeNow;
using testing::text_of;

struct Fixture {
  Collateral collateral;
  TrustAnchors anchors;

  explicit Fixture(const FakeNitro& nitro) { anchors.certificates = {{AnchorUse::kAws, nitro.root()}}; }
  [[nodiscard]] Findings verify(BytesView encoded, std::int64_t now = kFakeNow) const {
    return verify_nitro(parse_nitro(encoded).value(), {collateral, anchors, now});
  }
};

TEST(Nitro, GenuineDocumentPasses) {
  FakeNitro nitro;
  nitro.fields.user_data = to_bytes("user");
  nitro.fields.nonce = to_bytes("nonce");
  nitro.fields.public_key = to_bytes("key");
  nitro.fields.registers[8] = Bytes(48, std::byte{0xa8});
  const Findings findings = Fixture(nitro).verify(nitro.document());
  EXPECT_TRUE(is_genuine(findings)) << text_of(findings);
  EXPECT_TRUE(has(findings, kNitroSignature, Outcome::kPassed));
  EXPECT_TRUE(has(findings, kNitroTimestamp, Outcome::kPassed));
  EXPECT_EQ(findings.chain.size(), 3U);
  EXPECT_EQ(findings.claims.platform, "nitro");
  EXPECT_EQ(findings.claims.measurement, nitro.fields.registers.at(0));
  EXPECT_EQ(findings.claims.signer, nitro.fields.registers.at(8));
  EXPECT_EQ(findings.claims.report_data, to_bytes("user"));
  EXPECT_EQ(findings.claims.debug, false);
  EXPECT_EQ(findings.claims.tcb_status, TcbStatus::kNone);
  EXPECT_EQ(findings.claims.boot_chain.size(), nitro.fields.registers.size());
  EXPECT_EQ(field(findings, "nonce"), to_hex(to_bytes("nonce")));
  EXPECT_EQ(field(findings, "public_key"), to_hex(to_bytes("key")));
  EXPECT_EQ(field(findings, "PCR1"), to_hex(nitro.fields.registers.at(1)));
}

TEST(Nitro, DebugModeIsSaid) {
  FakeNitro nitro;
  for (int i : {0, 1, 2}) nitro.fields.registers[i] = Bytes(48);
  const Findings findings = Fixture(nitro).verify(nitro.document());
  EXPECT_TRUE(is_genuine(findings));
  EXPECT_EQ(findings.claims.debug, true);
  EXPECT_TRUE(findings.claims.signer.empty());
  EXPECT_TRUE(has(findings, kNitroDebug, Outcome::kNoted));
}

TEST(Nitro, RegistersOfATpmAreNotAnEnclaves) {
  FakeNitro nitro;
  nitro.fields.registers_name = "nitrotpm_pcrs";
  const Findings findings = Fixture(nitro).verify(nitro.document());
  EXPECT_TRUE(is_genuine(findings));
  EXPECT_EQ(findings.claims.platform, "nitro-tpm");
  EXPECT_TRUE(findings.claims.measurement.empty());
  EXPECT_FALSE(findings.claims.debug);
  EXPECT_EQ(findings.claims.boot_chain.size(), nitro.fields.registers.size());
}

TEST(Nitro, AnotherRootIsNotBelieved) {
  const FakeNitro nitro;
  EXPECT_TRUE(is_genuine(Fixture(nitro).verify(nitro.document())));
  Fixture none(nitro);
  none.anchors.certificates.clear();
  EXPECT_TRUE(fails_only(none.verify(nitro.document()), kNitroChain, Outcome::kFailed));
  Fixture other_use(nitro);
  other_use.anchors.certificates = {{AnchorUse::kAmd, nitro.root()}};
  EXPECT_TRUE(fails_only(other_use.verify(nitro.document()), kNitroChain, Outcome::kFailed));
  const Findings vendors =
      verify_nitro(parse_nitro(nitro.document()).value(), {other_use.collateral, TrustAnchors::vendors(), kFakeNow});
  EXPECT_TRUE(has(vendors, kNitroChain, Outcome::kFailed)) << text_of(vendors);
}

TEST(Nitro, AMissingAuthorityIsNamed) {
  FakeNitro nitro;
  nitro.fields.bundle.pop_back();
  const Findings findings = Fixture(nitro).verify(nitro.document());
  EXPECT_TRUE(fails_only(findings, kNitroChain, Outcome::kMissing)) << text_of(findings);
  EXPECT_NE(text_of(findings).find("zone.aws.nitro-enclaves"), std::string::npos);
}

TEST(Nitro, CertificatesLiveAsLongAsTheySay) {
  const FakeNitro nitro;
  const Fixture fixture(nitro);
  EXPECT_TRUE(is_genuine(fixture.verify(nitro.document(), kFakeNow + 10'800)));
  EXPECT_TRUE(fails_only(fixture.verify(nitro.document(), kFakeNow + 10'801), kNitroChain, Outcome::kOutOfTime));
  EXPECT_TRUE(fails_only(fixture.verify(nitro.document(), kFakeNow - 4), kNitroChain, Outcome::kOutOfTime));
}

TEST(Nitro, DocumentIsMadeWhileItsCertificateIsValid) {
  FakeNitro nitro;
  nitro.fields.timestamp_ms = std::uint64_t{kFakeNow - 4} * 1000 + 999;
  EXPECT_TRUE(fails_only(Fixture(nitro).verify(nitro.document()), kNitroTimestamp, Outcome::kOutOfTime));
  nitro.fields.timestamp_ms = std::uint64_t{kFakeNow + 10'801} * 1000;
  EXPECT_TRUE(fails_only(Fixture(nitro).verify(nitro.document()), kNitroTimestamp, Outcome::kOutOfTime));
  nitro.fields.timestamp_ms = std::uint64_t{kFakeNow + 10} * 1000;
  const Findings later = Fixture(nitro).verify(nitro.document());
  EXPECT_TRUE(is_genuine(later));
  EXPECT_TRUE(has(later, kNitroTimestamp, Outcome::kNoted));
}

TEST(Nitro, SignatureIsTheCertificatesOverTheDocument) {
  FakeNitro nitro;
  EXPECT_TRUE(fails_only(Fixture(nitro).verify(nitro.document({.tagged = false, .other_message = true})),
                         kNitroSignature, Outcome::kFailed));
  EXPECT_TRUE(fails_only(Fixture(nitro).verify(nitro.document({.tagged = false, .external = to_bytes("more")})),
                         kNitroSignature, Outcome::kFailed));
  // By another key.
  const Bytes forged =
      testing::fake_sign1(nitro.fields.payload(), testing::fake_key(KeyType::kP384, 9), {.tagged = false});
  EXPECT_TRUE(fails_only(Fixture(nitro).verify(forged), kNitroSignature, Outcome::kFailed));
  // ES384 said, but the certificate's key is on another curve.
  FakeNitro p256(FakeOptions{.key = KeyType::kP256, .not_before = kFakeNow - 3, .not_after = kFakeNow + 10'800});
  const Bytes wrong_curve =
      testing::fake_sign1(p256.fields.payload(), testing::fake_key(KeyType::kP384, 9), {.tagged = false});
  EXPECT_TRUE(fails_only(Fixture(p256).verify(wrong_curve), kNitroSignature, Outcome::kFailed));
}

TEST(Nitro, SignersCertificateIsForSignatures) {
  FakeNitro nitro(FakeOptions{.key = KeyType::kP384, .key_usage = {5}});
  EXPECT_TRUE(fails_only(Fixture(nitro).verify(nitro.document()), kNitroChain, Outcome::kFailed));
  FakeNitro broken;
  broken.fields.certificate.resize(100);
  EXPECT_TRUE(fails_only(Fixture(broken).verify(broken.document()), kNitroCertificate, Outcome::kFailed));
  FakeNitro broken_bundle;
  broken_bundle.fields.bundle.push_back(Bytes(10));
  EXPECT_TRUE(fails_only(Fixture(broken_bundle).verify(broken_bundle.document()), kNitroCertificate, Outcome::kFailed));
}

}  // namespace
}  // namespace adyton
