// SPDX-License-Identifier: Apache-2.0
// Real and published CCA and PSA tokens: each must come out as the index of the evidence says.
#include <gtest/gtest.h>

#include "attest/verify/cca_token.h"
#include "attest/verify/psa_token.h"
#include "testing/evidence_index.h"
#include "testing/findings.h"

namespace adyton {
namespace {

using testing::evidence_file;
using testing::EvidenceRow;
using testing::fails_only;
using testing::has;
using testing::is_genuine;
using testing::text_of;

constexpr std::string_view kNone = "no real evidence here: set ADYTON_EVIDENCE to its folder";
constexpr std::int64_t kNow = 1'750'000'000;  // tokens have no time; Huawei's certificates are valid then

std::vector<EvidenceRow> rows_of(std::string_view kind) {
  std::vector<EvidenceRow> out = testing::evidence_rows("cca/");
  std::erase_if(out, [&](const EvidenceRow& row) { return !row.kind.starts_with(kind); });
  return out;
}

VerifyingKey key_of(std::string_view path) { return VerifyingKey::parse_pem(as_text(evidence_file(path))).value(); }

struct Keys {
  Collateral collateral;
  TrustAnchors anchors;
  Keys() {
    for (const char* path :
         {"cca/key-tf-rmm-platform.pub.pem", "cca/key-veraison-test-p256.pub.pem", "cca/psa-tfm-public.pem"}) {
      const bool psa = std::string_view(path).contains("psa");
      anchors.keys.push_back({psa ? AnchorUse::kArmPsa : AnchorUse::kArmCca, key_of(path)});
    }
  }
  [[nodiscard]] VerifyContext context() const { return {collateral, anchors, kNow}; }
};

TEST(CcaEvidence, ComesOutAsTheIndexSays) {
  const std::vector<EvidenceRow> rows = rows_of("Arm CCA token");
  if (rows.empty()) GTEST_SKIP() << kNone;
  const Keys keys;
  for (const EvidenceRow& row : rows) {
    EXPECT_TRUE(looks_like_cca_token(row.bytes)) << row.path;
    const Result<CcaToken> token = parse_cca_token(row.bytes);
    ASSERT_TRUE(token) << row.path << ": " << token.error().message;
    const Findings findings = verify_cca_token(*token, keys.context());
    EXPECT_TRUE(has(findings, kCcaPlatformSignature, Outcome::kPassed)) << row.path << text_of(findings);
    EXPECT_TRUE(has(findings, kCcaRealmSignature, Outcome::kPassed)) << row.path << text_of(findings);
    if (row.path.contains("bug-33-repro")) {
      // The index: both signatures are valid, the binding is not. Its platform token has a fixed pattern for a
      // challenge, so nothing connects the realm to it: that is not genuine, by the RMM specification, A7.2.3.1.3.
      EXPECT_TRUE(fails_only(findings, kCcaBinding, Outcome::kFailed)) << text_of(findings);
    } else {
      EXPECT_TRUE(is_genuine(findings)) << row.path << text_of(findings);
    }
    EXPECT_TRUE(row.facts.contains("lifecycle " + std::to_string(token->platform->lifecycle))) << row.path;
    EXPECT_TRUE(row.facts.contains("RIM " + to_hex(findings.claims.measurement).substr(0, 32))) << row.path;
    EXPECT_EQ(findings.claims.debug, false);
    const Collateral nothing;
    const Findings missing = verify_cca_token(*token, {nothing, TrustAnchors::vendors(), kNow});
    EXPECT_TRUE(has(missing, kCcaPlatformSignature, Outcome::kMissing)) << row.path;
  }
}

TEST(CcaEvidence, EveryFlippedBitIsNoticed) {
  const std::vector<EvidenceRow> rows = rows_of("Arm CCA token");
  if (rows.empty()) GTEST_SKIP() << kNone;
  const Keys keys;
  SeenSignatures seen;
  for (const EvidenceRow& row : rows) {
    Bytes changed = row.bytes;
    for (std::size_t i = 0; i < changed.size(); i += i < 32 ? 1 : 7) {
      const std::byte bit{static_cast<unsigned char>(1U << (i % 8))};
      changed[i] ^= bit;
      const Result<CcaToken> token = parse_cca_token(changed);
      if (token) {
        const Findings findings = verify_cca_token(*token, {keys.collateral, keys.anchors, kNow, &seen});
        EXPECT_FALSE(is_genuine(findings)) << row.path << " byte " << i;
      }
      changed[i] ^= bit;
    }
  }
}

// Real Kunpeng hardware, but only the realm's half: its key signs for itself, and Huawei's certificate is for another
// key.
TEST(CcaEvidence, VirtCcaHasNoLinkToItsMaker) {
  const Bytes text = evidence_file("cca/virtcca-huawei-secgear.cbor.hex");
  if (text.empty()) GTEST_SKIP() << kNone;
  std::string_view hex = as_text(text);
  while (!hex.empty() && hex.back() == '\n') hex.remove_suffix(1);
  const CcaToken token = parse_cca_token(parse_hex(hex).value()).value();
  Collateral collateral;
  for (const char* path :
       {"cca/virtcca-huawei-aik-cert.der", "cca/Huawei-Equipment-Root-CA.pem", "cca/Huawei-IT-Product-CA.pem"}) {
    EXPECT_TRUE(collateral.add(path, evidence_file(path))) << path;
  }
  const Findings findings = verify_cca_token(token, {collateral, TrustAnchors::vendors(), kNow});
  EXPECT_EQ(findings.claims.platform, "huawei-virtcca");
  EXPECT_TRUE(has(findings, kCcaRealmSignature, Outcome::kPassed)) << text_of(findings);
  EXPECT_TRUE(has(findings, kCcaPlatformSignature, Outcome::kMissing));
  EXPECT_TRUE(has(findings, kCcaCertificate, Outcome::kMissing));
  EXPECT_FALSE(is_genuine(findings));
}

TEST(PsaEvidence, ComesOutAsTheIndexSays) {
  const std::vector<EvidenceRow> rows = rows_of("PSA token COSE_Sign1");
  if (rows.empty()) GTEST_SKIP() << kNone;
  const Keys keys;
  for (const EvidenceRow& row : rows) {
    EXPECT_TRUE(looks_like_psa_token(row.bytes)) << row.path;
    const PsaToken token = parse_psa_token(row.bytes).value();
    const Findings findings = verify_psa_token(token, keys.context());
    EXPECT_TRUE(is_genuine(findings)) << row.path << text_of(findings);
    // Trusted Firmware-M makes the instance ID of the key.
    EXPECT_TRUE(has(findings, kPsaInstanceId, Outcome::kPassed)) << text_of(findings);
    EXPECT_EQ(findings.claims.hardware_model, "0604565272829-10010");
    EXPECT_EQ(findings.claims.boot_chain.at(1).name, "NSPE");
    EXPECT_EQ(token.client_id, 3002);
    const Collateral nothing;
    EXPECT_TRUE(fails_only(verify_psa_token(token, {nothing, TrustAnchors::vendors(), kNow}), kPsaSignature,
                           Outcome::kMissing));
    Bytes changed = row.bytes;
    for (std::size_t i = 0; i < changed.size(); ++i) {
      const std::byte bit{static_cast<unsigned char>(1U << (i % 8))};
      changed[i] ^= bit;
      const Result<PsaToken> parsed = parse_psa_token(changed);
      EXPECT_FALSE(parsed && is_genuine(verify_psa_token(*parsed, keys.context()))) << row.path << " byte " << i;
      changed[i] ^= bit;
    }
  }
}

// The index: needs the symmetric key. Trusted Firmware-M's published test key has the instance ID of these tokens (its
// hash, hashed); the codes in the files are all the same not what RFC 9052, 6.3 makes of it, nor of anything near to
// it.
TEST(PsaEvidence, CodesNeedTheirSecret) {
  const std::vector<EvidenceRow> rows = rows_of("PSA token COSE_Mac0");
  if (rows.empty()) GTEST_SKIP() << kNone;
  for (const EvidenceRow& row : rows) {
    EXPECT_TRUE(looks_like_psa_token(row.bytes)) << row.path;
    const PsaToken token = parse_psa_token(row.bytes).value();
    const Findings findings = verify_psa_token(token, Keys().context());
    EXPECT_TRUE(fails_only(findings, kPsaCode, Outcome::kMissing)) << row.path << text_of(findings);
    Keys keys;
    keys.anchors.secrets.push_back(
        {AnchorUse::kArmPsaSecret,
         parse_hex("a9b454b26d6f90a4ea31193564cba91fec6f9a002a7dc0504b92a1937134585f").value()});
    EXPECT_TRUE(fails_only(verify_psa_token(token, keys.context()), kPsaCode, Outcome::kFailed)) << row.path;
  }
}

}  // namespace
}  // namespace adyton
