// SPDX-License-Identifier: Apache-2.0
// Roots are trusted for what they were given for: each kind of evidence refuses roots for another.
#include "attest/verify/trust_root.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "attest/development.h"
#include "attest/verify/verified.h"
#include "testing/fake_amd.h"
#include "testing/fake_ias.h"
#include "testing/fake_intel.h"
#include "testing/fake_nitro.h"
#include "testing/fake_nvidia.h"
#include "testing/fake_token.h"

namespace adyton {
namespace {

using testing::fake_key;
using testing::kFakeNow;

std::string pem_of(const VerifyingKey& key) { return to_pem("PUBLIC KEY", key.spki()); }
std::string pem_of(const Certificate& certificate) { return to_pem("CERTIFICATE", certificate.der()); }

// Whether evidence is genuine to who trusts `root` for `use`, if it can be trusted for that at all.
bool genuine(BytesView bytes, const Collateral& collateral, AnchorUse use, std::string_view root) {
  const Evidence evidence = parse_evidence(bytes).value();
  TrustAnchors anchors;
  if (!add_trust_root(use, "root", as_bytes(root), anchors)) return false;
  return verify(evidence, {collateral, anchors, kFakeNow}).answer() == Answer::kGenuine;
}

void expect_only(AnchorUse right, BytesView bytes, const Collateral& collateral, std::string_view root) {
  EXPECT_EQ(anchor_use_of(parse_evidence(bytes).value()), right) << name_of(right);
  for (const AnchorUse use : kAllAnchorUses) {
    EXPECT_EQ(genuine(bytes, collateral, use, root), use == right)
        << name_of(use) << " for evidence of " << name_of(right);
  }
}

TEST(TrustRoot, DevelopmentEvidenceWantsADevelopmentRoot) {
  const PrivateKey root = PrivateKey::generate(KeyKind::kP384).value();
  DevelopmentClaims claims{.backend = "process", .identity = {.name = "vault"}, .report_data = Bytes(64)};
  const Bytes bytes = make_development_evidence(claims, root).value();
  expect_only(AnchorUse::kDevelopment, bytes, {}, root.public_key().pem());
}

TEST(TrustRoot, QuotesWantIntels) {
  testing::FakeIntel intel;
  expect_only(AnchorUse::kIntelSgx, intel.quote(), intel.collateral(), pem_of(intel.root.certificate()));
  expect_only(AnchorUse::kIntelSgx, intel.quote({.version = 4, .tdx = true}), intel.collateral({.tdx = true}),
              pem_of(intel.root.certificate()));
}

TEST(TrustRoot, SnpReportsWantAmds) {
  testing::FakeAmd amd(SnpProduct::kMilan);
  const testing::FakeIdentity vcek = amd.vcek();
  expect_only(AnchorUse::kAmd, testing::fake_snp_report({}, vcek.key), amd.collateral(vcek),
              pem_of(amd.ark.certificate()));
}

TEST(TrustRoot, NitroDocumentsWantAmazons) {
  testing::FakeNitro nitro;
  expect_only(AnchorUse::kAws, nitro.document(), {}, pem_of(nitro.root()));
}

TEST(TrustRoot, NvidiasReportsWantItsDeviceRoot) {
  const Bytes firmware(48, std::byte{0x77});
  const testing::FakeNvidiaDevice device = testing::fake_nvidia_device(firmware);
  const testing::FakeNvidiaReport report = testing::fake_gpu_report(firmware);
  const Bytes bytes = testing::fake_nvidia_report(report, device.attestation.key);
  expect_only(AnchorUse::kNvidiaDevice, as_bytes("[" + testing::fake_nvidia_entry(bytes, device, report.nonce) + "]"),
              {}, pem_of(device.root.certificate()));
}

TEST(TrustRoot, AttestationResultsWantTheirSigner) {
  const std::string ear = testing::fake_jwt(
      R"({"alg":"ES256"})",
      R"({"eat_profile":"tag:github.com,2023:veraison/ear","iat":1700000000,"ear.verifier-id":{"developer":"d",)"
      R"("build":"b"},"submods":{"x":{"ear.status":"affirming"}}})",
      fake_key(KeyType::kP256), SignatureAlgorithm::kEcdsaSha256);
  expect_only(AnchorUse::kAttestResult, as_bytes(ear), {}, pem_of(fake_key(KeyType::kP256).verifying_key()));
}

TEST(TrustRoot, TokensWantTheirServices) {
  const auto token = [](std::string_view claims) {
    return testing::fake_jwt(R"({"alg":"ES256"})", fmt::format(R"({{{},"exp":{}}})", claims, kFakeNow + 60),
                             fake_key(KeyType::kP256), SignatureAlgorithm::kEcdsaSha256);
  };
  const std::string root = pem_of(fake_key(KeyType::kP256).verifying_key());
  expect_only(AnchorUse::kMicrosoftToken, as_bytes(token(R"("iss":"https://x.attest.azure.net","x-ms-ver":"1.0")")), {},
              root);
  expect_only(AnchorUse::kGoogleSpace, as_bytes(token(R"("iss":"https://confidentialcomputing.googleapis.com")")), {},
              root);
  const Evidence nvidia =
      parse_evidence(as_bytes(token(R"("iss":"https://nras.attestation.nvidia.com","x-nvidia-ver":"3.0")"))).value();
  EXPECT_EQ(anchor_use_of(nvidia), AnchorUse::kNvidiaToken);
  for (const AnchorUse use : kAllAnchorUses) {
    TrustAnchors anchors;
    const bool given = add_trust_root(use, "root", as_bytes(root), anchors).has_value();
    const Collateral nothing;
    const Verified verified = verify(nvidia, {nothing, anchors, kFakeNow});
    const bool believed = verified.findings().checks.at(0).outcome == Outcome::kPassed;
    EXPECT_EQ(believed, given && use == AnchorUse::kNvidiaToken) << name_of(use);
  }
}

TEST(TrustRoot, IsRefusedWhereItCannotBeOne) {
  testing::FakeIntel intel;
  const std::string certificate = pem_of(intel.root.certificate());
  const std::string key = pem_of(fake_key(KeyType::kP256).verifying_key());
  for (const auto& [use, keys, certificates] : {std::tuple{AnchorUse::kIntelSgx, false, true},
                                                {AnchorUse::kDevelopment, true, false},
                                                {AnchorUse::kGoogleTpm, true, true},
                                                {AnchorUse::kGoogleSpace, true, true},
                                                {AnchorUse::kHygon, false, false}}) {
    TrustAnchors anchors;
    EXPECT_EQ(add_trust_root(use, "k", as_bytes(key), anchors).has_value(), keys) << name_of(use);
    EXPECT_EQ(anchors.keys.size(), keys ? 1u : 0u);
    EXPECT_EQ(add_trust_root(use, "c", as_bytes(certificate), anchors).has_value(), certificates) << name_of(use);
    EXPECT_EQ(anchors.certificates.size(), certificates ? 1u : 0u);
    EXPECT_FALSE(add_trust_root(use, "junk", as_bytes("junk"), anchors));
    EXPECT_FALSE(add_trust_root(use, "nothing", {}, anchors));
  }
}

// Of a JWK set only the keys count: a certificate that accompanies one must not become a root of chains.
TEST(TrustRoot, CertificatesInAKeySetAreNoRoots) {
  testing::FakeCa ca = testing::FakeCa::root("MAA", {.key = KeyType::kP256});
  const BytesView point = ca.certificate().key().spki().last(64);
  const std::string set =
      fmt::format(R"({{"keys":[{{"kty":"EC","crv":"P-256","kid":"one","x":"{}","y":"{}","x5c":["{}"]}}]}})",
                  to_base64url(point.first(32)), to_base64url(point.last(32)), to_base64(ca.certificate().der()));
  for (const AnchorUse use : {AnchorUse::kGoogleSpace, AnchorUse::kMicrosoftToken}) {
    TrustAnchors anchors;
    ASSERT_TRUE(add_trust_root(use, "set", as_bytes(set), anchors));
    EXPECT_TRUE(anchors.certificates.empty());
    ASSERT_EQ(anchors.keys.size(), 1u);
    EXPECT_EQ(anchors.keys[0].name, "one");
    EXPECT_TRUE(anchors.keys[0].certificate.has_value());
  }
}

}  // namespace
}  // namespace adyton
