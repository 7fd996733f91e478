// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/snp.h"

#include <gtest/gtest.h>

#include "attest/collateral/fetch.h"
#include "attest/evidence/snp_certificates.h"
#include "testing/evidence_index.h"
#include "testing/fake_amd.h"
#include "testing/findings.h"

namespace adyton {
namespace {

using testing::FakeAmd;
using testing::FakeIdentity;
using testing::FakeSnpReport;
using testing::find_check;
using testing::is_genuine;
using testing::kFakeDay;
using testing::kFakeNow;
using testing::text_of;

Findings verify(BytesView bytes, const Collateral& collateral, const FakeAmd& amd, std::int64_t now = kFakeNow) {
  const TrustAnchors anchors = amd.anchors();
  return verify_snp(parse_snp_evidence(bytes).value(), {collateral, anchors, now});
}

class SnpVerifier : public ::testing::Test {
 protected:
  FakeAmd milan_{SnpProduct::kMilan};
  FakeIdentity vcek_ = milan_.vcek();
  Collateral with_vcek_ = milan_.collateral(vcek_);

  Findings verify_milan(const FakeSnpReport& fields, std::int64_t now = kFakeNow) {
    return verify(testing::fake_snp_report(fields, vcek_.key), with_vcek_, milan_, now);
  }
};

TEST_F(SnpVerifier, EveryProductAndVersion) {
  for (const auto product : {SnpProduct::kMilan, SnpProduct::kGenoa, SnpProduct::kTurin}) {
    FakeAmd amd(product);
    const FakeIdentity vcek = amd.vcek();
    for (const std::uint32_t version : {2U, 3U, 5U}) {
      const Bytes report = testing::fake_snp_report({.version = version, .product = product}, vcek.key);
      const Findings findings = verify(report, amd.collateral(vcek), amd);
      EXPECT_TRUE(is_genuine(findings)) << name_of(product) << version << text_of(findings);
      EXPECT_EQ(findings.claims.hardware_model, name_of(product));
      EXPECT_EQ(findings.claims.platform, "sev-snp");
      EXPECT_EQ(findings.claims.tcb_status, TcbStatus::kNone);
      EXPECT_EQ(findings.chain.size(), 3U);
      // Version 2 does not name the product, and Turin's layout is another: a policy must not look at the wrong byte.
      EXPECT_EQ(testing::field(findings, "reported_tcb.boot_loader"), "4") << name_of(product) << version;
      EXPECT_EQ(testing::field(findings, "reported_tcb.snp"), "24") << name_of(product) << version;
      EXPECT_EQ(testing::field(findings, "reported_tcb.fmc"), product == SnpProduct::kTurin ? "1" : "");
    }
  }
}

TEST_F(SnpVerifier, Vlek) {
  const FakeIdentity vlek = milan_.vlek();
  const Bytes report = testing::fake_snp_report({.flags = 4, .chip_id = Bytes(64)}, vlek.key);
  const Findings findings = verify(report, milan_.collateral(vlek), milan_);
  EXPECT_TRUE(is_genuine(findings)) << text_of(findings);
  // The same key under a VCEK's name does not speak for a report that says it was a VLEK, nor the other way round.
  EXPECT_FALSE(is_genuine(verify(report, with_vcek_, milan_)));
  const Bytes says_vcek = testing::fake_snp_report({}, vlek.key);
  EXPECT_FALSE(is_genuine(verify(says_vcek, milan_.collateral(vlek), milan_)));
}

TEST_F(SnpVerifier, VlekCannotComeFromTheSignerOfVceks) {
  FakeAmd crossed(SnpProduct::kMilan);
  crossed.asvk = crossed.ask;
  const FakeIdentity vlek = crossed.vlek();
  const Bytes report = testing::fake_snp_report({.flags = 4}, vlek.key);
  const Findings findings = verify(report, crossed.collateral(vlek), crossed);
  EXPECT_NE(find_check(findings, "product", Outcome::kFailed), nullptr);
}

TEST_F(SnpVerifier, ClaimsAndNotes) {
  const Findings findings = verify_milan({.guest_svn = 9,
                                          .policy = 0x30000 | 1 << 19 | 1 << 18,
                                          .report_data = to_bytes("nonce"),
                                          .measurement = Bytes(48, std::byte{1}),
                                          .host_data = Bytes(32, std::byte{2}),
                                          .id_key_digest = Bytes(48, std::byte{3}),
                                          .committed_tcb = SnpTcb{1}});
  EXPECT_TRUE(is_genuine(findings)) << text_of(findings);
  EXPECT_EQ(findings.claims.debug, true);
  EXPECT_EQ(findings.claims.svn, 9U);
  EXPECT_EQ(findings.claims.measurement, Bytes(48, std::byte{1}));
  EXPECT_EQ(findings.claims.signer, Bytes(48, std::byte{3}));
  EXPECT_EQ(findings.claims.host_data, Bytes(32, std::byte{2}));
  EXPECT_EQ(findings.claims.report_data.size(), 64U);
  EXPECT_NE(find_check(findings, "policy", Outcome::kNoted), nullptr);
  EXPECT_TRUE(find_check(findings, "TCB", Outcome::kNoted)->detail.contains("committed"));
  const Findings by_host = verify_milan({.vmpl = 0xffffffff});
  EXPECT_NE(find_check(by_host, "VMPL", Outcome::kNoted), nullptr);
}

TEST_F(SnpVerifier, EveryFlippedBitOfTheSignedPartFails) {
  const Bytes report = testing::fake_snp_report({}, vcek_.key);
  for (std::size_t i = 0; i < 0x2d0; i += 3) {
    Bytes flipped = report;
    flipped[i] ^= std::byte{0x40};
    const auto evidence = parse_snp_evidence(flipped);
    if (!evidence) continue;
    const TrustAnchors anchors = milan_.anchors();
    EXPECT_FALSE(is_genuine(verify_snp(*evidence, {with_vcek_, anchors, kFakeNow}))) << i;
  }
}

TEST_F(SnpVerifier, CertificateOfAnotherTcbOrChip) {
  // Signed by the very key, but the certificate is for another TCB: AMD would never have issued it.
  const FakeIdentity other_tcb = milan_.vcek({.tcb = SnpTcb{0x0102030405060708}});
  const Bytes report = testing::fake_snp_report({}, other_tcb.key);
  EXPECT_NE(find_check(verify(report, milan_.collateral(other_tcb), milan_), "TCB", Outcome::kFailed), nullptr);

  const FakeIdentity other_chip = milan_.vcek({.chip_id = Bytes(64, std::byte{9})});
  Bytes with_it = testing::fake_snp_report({}, other_chip.key);
  const BytesView der = other_chip.certificate.der();
  with_it.insert(with_it.end(), der.begin(), der.end());
  const Findings findings = verify(with_it, milan_.collateral(), milan_);
  EXPECT_NE(find_check(findings, "chip id", Outcome::kFailed), nullptr) << text_of(findings);
}

TEST_F(SnpVerifier, MaskedChipIdSaysSo) {
  const Findings findings = verify_milan({.chip_id = Bytes(64)});
  EXPECT_TRUE(is_genuine(findings)) << text_of(findings);
  EXPECT_NE(find_check(findings, "chip id", Outcome::kNoted), nullptr);
  const Findings without =
      verify(testing::fake_snp_report({.chip_id = Bytes(64)}, vcek_.key), milan_.collateral(), milan_);
  EXPECT_TRUE(find_check(without, "signing key", Outcome::kMissing)->detail.contains("masked"));
}

TEST_F(SnpVerifier, MaskedKeyIsNoSignature) {
  const Findings findings = verify_milan({.flags = 2 | 7 << 2});
  EXPECT_NE(find_check(findings, "report signature", Outcome::kFailed), nullptr);
}

TEST_F(SnpVerifier, MissingVcekIsNamedExactly) {
  const auto url = [&](SnpProduct product, std::uint32_t version) {
    FakeAmd amd(product);
    const Bytes report = testing::fake_snp_report({.version = version, .product = product}, vcek_.key);
    const Findings findings = verify(report, amd.collateral(), amd);
    EXPECT_EQ(testing::count_outcomes(findings, Outcome::kFailed), 0U);
    const Check* check = find_check(findings, "signing key", Outcome::kMissing);
    return check ? check->detail : std::string();
  };
  const std::string chip = to_hex(testing::fake_chip_id(SnpProduct::kMilan));
  EXPECT_TRUE(
      url(SnpProduct::kGenoa, 5)
          .contains("https://kdsintf.amd.com/vcek/v1/Genoa/" + chip + "?blSPL=04&teeSPL=00&snpSPL=24&ucodeSPL=219"));
  EXPECT_TRUE(url(SnpProduct::kMilan, 2).contains("vcek/v1/Milan/"));
  EXPECT_TRUE(url(SnpProduct::kMilan, 2).contains("vcek/v1/Genoa/"));
  EXPECT_TRUE(
      url(SnpProduct::kTurin, 5).contains("/vcek/v1/Turin/a0a1a2a3a4a5a6a7?fmcSPL=01&blSPL=04&teeSPL=00&snpSPL=24&"));
}

TEST_F(SnpVerifier, WrongKeyUnderARightCertificate) {
  const SigningKey other = testing::fake_key(KeyType::kP384, 7);
  const Findings findings = verify(testing::fake_snp_report({}, other), with_vcek_, milan_);
  EXPECT_NE(find_check(findings, "report signature", Outcome::kFailed), nullptr);
}

TEST_F(SnpVerifier, ProductOfReportAndCertificateDiffer) {
  const Findings findings = verify_milan({.alter = [](Bytes& r) { r[0x189] = std::byte{0x11}; }});
  EXPECT_NE(find_check(findings, "product", Outcome::kFailed), nullptr);
  const Findings unknown = verify_milan({.alter = [](Bytes& r) { r[0x189] = std::byte{0x77}; }});
  EXPECT_NE(find_check(unknown, "product", Outcome::kFailed), nullptr);
}

TEST_F(SnpVerifier, ChainsThatAreWrong) {
  const Bytes report = testing::fake_snp_report({}, vcek_.key);
  // Nobody's root.
  FakeAmd stranger(SnpProduct::kMilan);
  const TrustAnchors none;
  EXPECT_FALSE(is_genuine(verify_snp(parse_snp_evidence(report).value(), {with_vcek_, none, kFakeNow})));
  // The signer is not there.
  Collateral only_leaf;
  only_leaf.add(vcek_.certificate);
  const Findings without_signer = verify(report, only_leaf, milan_);
  EXPECT_EQ(testing::count_outcomes(without_signer, Outcome::kFailed), 0U);
  EXPECT_EQ(missing_urls(without_signer), std::vector<std::string>{"https://kdsintf.amd.com/vcek/v1/Milan/cert_chain"});
  // Too late.
  EXPECT_NE(find_check(verify_milan({}, kFakeNow + 4000 * kFakeDay), "VCEK chain", Outcome::kOutOfTime), nullptr);
  // A root that is trusted for something else.
  TrustAnchors other_use;
  other_use.certificates.push_back({AnchorUse::kIntelSgx, milan_.ark.certificate()});
  EXPECT_FALSE(is_genuine(verify_snp(parse_snp_evidence(report).value(), {with_vcek_, other_use, kFakeNow})));
}

TEST_F(SnpVerifier, RevokedSigner) {
  Collateral collateral = milan_.collateral(vcek_);
  collateral.add(milan_.ark.revoke({{.serial = to_bytes(milan_.ask.certificate().serial()), .reason = {}}}));
  const Bytes report = testing::fake_snp_report({}, vcek_.key);
  const Findings findings = verify(report, collateral, milan_);
  ASSERT_NE(find_check(findings, "VCEK chain", Outcome::kFailed), nullptr);
  EXPECT_TRUE(find_check(findings, "VCEK chain", Outcome::kFailed)->detail.contains("revoked"));

  Collateral clean = milan_.collateral(vcek_);
  clean.add(milan_.ark.revoke({}));
  const Findings good = verify(report, clean, milan_);
  EXPECT_TRUE(is_genuine(good)) << text_of(good);
  EXPECT_EQ(find_check(good, "revocation list", Outcome::kNoted), nullptr);
}

TEST_F(SnpVerifier, ManyCertificatesOfOtherChipsCostNothing) {
  Collateral collateral = milan_.collateral();
  for (std::uint8_t i = 0; i < 20; ++i) {
    collateral.add(milan_.vcek({.chip_id = Bytes(64, std::byte{i})}).certificate);
  }
  collateral.add(vcek_.certificate);
  EXPECT_TRUE(is_genuine(verify(testing::fake_snp_report({}, vcek_.key), collateral, milan_)));
}

TEST(SnpLeafParser, RefusesWhatIsNotAVcek) {
  FakeAmd amd(SnpProduct::kMilan);
  EXPECT_TRUE(parse_snp_leaf(amd.vcek({.product_name = "Milan-B0"}).certificate).has_value());
  EXPECT_FALSE(parse_snp_leaf(amd.ask.certificate()).has_value());
  EXPECT_FALSE(parse_snp_leaf(amd.vcek({.product_name = "Rome"}).certificate).has_value());
  EXPECT_FALSE(parse_snp_leaf(amd.vcek({.without_level = 3}).certificate).has_value());
  EXPECT_FALSE(parse_snp_leaf(amd.vcek({.chip_id = Bytes(63)}).certificate).has_value());
  EXPECT_FALSE(parse_snp_leaf(amd.vlek({.csp_id = ""}).certificate).has_value());
}

}  // namespace
}  // namespace adyton
