// SPDX-License-Identifier: Apache-2.0
// Real SEV-SNP reports and AMD's certificates must come out as their index says.
#include <algorithm>
#include <fstream>

#include <gtest/gtest.h>

#include "attest/evidence/evidence.h"
#include "attest/evidence/snp_certificates.h"
#include "attest/evidence/snp_evidence.h"
#include "attest/verify/chain.h"
#include "attest/verify/snp.h"
#include "attest/verify/uvm_endorsement.h"
#include "base/base64.h"
#include "base/cursor.h"
#include "crypto/hash.h"
#include "testing/evidence_index.h"
#include "testing/findings.h"
#include "testing/real_evidence.h"

namespace adyton {
namespace {

using testing::EvidenceRow;

constexpr std::int64_t kDay = 86'400;

class SnpRealEvidence : public testing::RealEvidence {
 protected:
  void SetUp() override {
    RealEvidence::SetUp();
    if (IsSkipped()) return;
    rows_ = testing::evidence_rows(folder_, "snp/");
    for (const EvidenceRow& row : rows_) {
      if (!row.path.ends_with(".der") || row.path.contains("certs/crl-") || row.path.contains("REVOKED")) continue;
      auto certificate = Certificate::parse(testing::read_evidence(folder_ / row.path));
      ASSERT_TRUE(certificate.has_value()) << row.path << ": " << certificate.error().message;
      all_.add(*certificate);
    }
  }

  [[nodiscard]] Certificate certificate(const std::string& path) const {
    return Certificate::parse(file(path)).value();
  }

  // A time at which the certificate that signed the report was valid.
  [[nodiscard]] std::int64_t time_of(const SnpReport& report) const {
    std::int64_t out = 1'700'000'000;
    for (const Certificate& certificate : all_.certificates()) {
      const auto leaf = parse_snp_leaf(certificate);
      if (!leaf || leaf->tcb != report.reported_tcb || leaf->kind != report.signing_key) continue;
      if (std::ranges::equal(leaf->hwid, report.chip_id().first(leaf->hwid.size()))) {
        out = certificate.not_before() + 40 * kDay;
      }
    }
    return out;
  }
  [[nodiscard]] VerifyContext at(std::int64_t now) const { return {all_, TrustAnchors::vendors(), now}; }
  [[nodiscard]] Findings verify(const SnpEvidence& evidence) const {
    return verify_snp(evidence, at(time_of(evidence.report)));
  }

  std::vector<EvidenceRow> rows_;
  Collateral all_;  // every certificate of the folder but the revoked one
};

TEST_F(SnpRealEvidence, ReportsComeOutAsTheIndexSays) {
  std::size_t valid = 0, missing = 0, refused = 0;
  for (const EvidenceRow& row : rows_) {
    if (!row.path.starts_with("snp/snp-v") || !row.path.ends_with(".bin")) continue;
    SCOPED_TRACE(row.path);
    const auto evidence = parse_snp_evidence(file(row.path));
    if (row.expected.starts_with("fake/placeholder")) {
      EXPECT_FALSE(evidence.has_value());  // version 1, which no firmware that was ever sold makes
      ++refused;
      continue;
    }
    ASSERT_TRUE(evidence.has_value()) << evidence.error().message;
    const Findings findings = verify(*evidence);
    if (row.expected == "VALID") {
      EXPECT_TRUE(testing::is_genuine(findings)) << testing::text_of(findings);
      EXPECT_EQ(findings.claims.debug, row.facts.contains("DEBUG"));
      EXPECT_TRUE(row.facts.contains(to_hex(findings.claims.measurement)));
      ++valid;
      continue;
    }
    // "needs VCEK from AMD KDS"; and LIT's damaged copy, of whose chip no certificate was published: without one nobody
    // can tell the copy from the original, so that "missing" is all a verifier can say of either.
    EXPECT_TRUE(row.expected.starts_with("needs VCEK") || row.path.contains("bad_sig"));
    EXPECT_EQ(testing::count_outcomes(findings, Outcome::kFailed), 0U) << testing::text_of(findings);
    const Check* check = testing::find_check(findings, "signing key", Outcome::kMissing);
    ASSERT_NE(check, nullptr);
    const SnpReport& report = evidence->report;
    if (report.signing_key == SnpSigningKey::kVcek) {
      EXPECT_TRUE(check->detail.contains("https://kdsintf.amd.com/vcek/v1/Milan/" + to_hex(report.chip_id())));
      EXPECT_TRUE(check->detail.contains("?blSPL=0"));
    }
    ++missing;
  }
  EXPECT_EQ(valid, 19U);
  EXPECT_EQ(missing, 8U);
  EXPECT_EQ(refused, 1U);
}

// All of them, each at every seventh byte, with another beginning each, so that together they have every byte. (What
// says "needs VCEK" is genuine to nobody, flipped or not.)
TEST_F(SnpRealEvidence, NoFlippedBitIsGenuine) {
  std::size_t samples = 0;
  for (const EvidenceRow& row : rows_) {
    if (!row.path.starts_with("snp/snp-v") || !row.path.ends_with(".bin") || row.expected != "VALID") continue;
    SCOPED_TRACE(row.path);
    const Bytes original = file(row.path);
    const std::int64_t now = time_of(parse_snp_report(original).value());
    for (std::size_t i = samples++ % 7; i < original.size(); i += 7) {
      Bytes flipped = original;
      flipped[i] ^= std::byte{1} << (i % 8);
      const auto evidence = parse_snp_evidence(flipped);
      if (!evidence) continue;
      EXPECT_FALSE(testing::is_genuine(verify_snp(*evidence, at(now)))) << "byte " << i;
    }
  }
  EXPECT_GE(samples, 2 * 7U);
}

TEST_F(SnpRealEvidence, EveryTruncationIsMalformed) {
  for (const EvidenceRow& row : rows_) {
    if (!row.path.starts_with("snp/snp-v") || !row.path.ends_with(".bin")) continue;
    SCOPED_TRACE(row.path);
    const Bytes report = file(row.path);
    for (std::size_t size = 0; size < report.size(); ++size) {
      EXPECT_FALSE(parse_snp_evidence(BytesView(report).first(size)).has_value()) << size;
    }
  }
  const auto corrupt = parse_snp_evidence(file("snp/bundles/sev-snp-utils-guest_report_corrupt.bin"));
  ASSERT_FALSE(corrupt.has_value());
  EXPECT_TRUE(corrupt.error().message.contains("truncated: 793 of 1184"));
  EXPECT_TRUE(looks_like_snp_evidence(file("snp/bundles/sev-snp-utils-guest_report_corrupt.bin")));
}

TEST_F(SnpRealEvidence, CertificatesLeadToTheirRoots) {
  const Collateral none;
  for (const EvidenceRow& row : rows_) {
    if (!row.path.ends_with(".der") || row.path.contains("certs/crl-")) continue;
    SCOPED_TRACE(row.path);
    const Certificate leaf = certificate(row.path);
    Findings findings;
    const VerifyContext context{all_, TrustAnchors::vendors(), leaf.not_before() + kDay};
    EXPECT_TRUE(verify_chain(leaf, {}, {.use = AnchorUse::kAmd, .what = "chain", .roles = {}}, context, findings))
        << testing::text_of(findings);
    if (row.path.contains("/ark-")) {
      EXPECT_TRUE(TrustAnchors::vendors().has(AnchorUse::kAmd, leaf));
    } else {
      EXPECT_FALSE(TrustAnchors::vendors().has(AnchorUse::kAmd, leaf));
    }
    EXPECT_EQ(is_snp_leaf(leaf),
              row.path.contains(".vcek") || row.path.contains(".vlek") || row.path.contains("/vcek-"));
    if (is_snp_leaf(leaf)) {
      const auto parsed = parse_snp_leaf(leaf);
      ASSERT_TRUE(parsed.has_value()) << parsed.error().message;
      if (row.facts.contains("product ")) {
        EXPECT_TRUE(row.facts.contains("product " + parsed->product_name));
      }
    }
  }
}

TEST_F(SnpRealEvidence, RevokedSignerOfGenoa) {
  const Certificate revoked = certificate("snp/certs/ask-genoa-REVOKED-serial-0x20001.der");
  Collateral collateral;
  collateral.add(RevocationList::parse(file("snp/certs/crl-ark-genoa-2022-10-31.der")).value());
  const std::int64_t december_2022 = 1'670'000'000;
  const VerifyContext context{collateral, TrustAnchors::vendors(), december_2022};
  Findings bad, good;
  const ChainRules rules{.use = AnchorUse::kAmd, .what = "chain", .roles = {}};
  verify_chain(revoked, {}, rules, context, bad);
  EXPECT_FALSE(testing::is_genuine(bad));
  ASSERT_NE(testing::find_check(bad, "chain", Outcome::kFailed), nullptr);
  EXPECT_TRUE(testing::find_check(bad, "chain", Outcome::kFailed)->detail.contains("revoked"));
  verify_chain(certificate("snp/certs/ask-genoa.der"), {}, rules, context, good);
  EXPECT_TRUE(testing::is_genuine(good)) << testing::text_of(good);
}

TEST_F(SnpRealEvidence, RequestOfAnEnarxKeep) {
  // The request brings AMD's lists of 2022, so it can only be judged then; the ASK comes from the collateral.
  const auto evidence = parse_snp_evidence(file("snp/bundles/steward-milan.signed.crl.csr"));
  ASSERT_TRUE(evidence.has_value()) << evidence.error().message;
  EXPECT_EQ(evidence->certificates.size(), 1U);
  EXPECT_EQ(evidence->lists.size(), 2U);
  const std::int64_t november_2022 = 1'668'000'000;
  const Findings findings = verify_snp(*evidence, at(november_2022));
  EXPECT_TRUE(testing::is_genuine(findings)) << testing::text_of(findings);
  EXPECT_NE(testing::find_check(findings, "request key", Outcome::kPassed), nullptr);
  EXPECT_NE(testing::find_check(findings, "request signature", Outcome::kPassed), nullptr);
  EXPECT_FALSE(testing::is_genuine(verify_snp(*evidence, at(november_2022 + 400 * kDay))));

  const Bytes original = file("snp/bundles/steward-milan.signed.crl.csr");
  for (std::size_t i = 0; i < original.size(); i += 7) {
    Bytes flipped = original;
    flipped[i] ^= std::byte{0x10};
    const auto altered = parse_snp_evidence(flipped);
    if (!altered) continue;
    EXPECT_FALSE(testing::is_genuine(verify_snp(*altered, at(november_2022)))) << "byte " << i;
  }
}

TEST_F(SnpRealEvidence, AllFormsOfOneReport) {
  const std::string name = "snp/snp-v3-milan-vlek-constellation-report-0216f1";
  const Bytes report = file(name + ".bin"), vlek = file(name + ".vlek.der");
  const auto same = [&](BytesView form, std::size_t certificates) {
    const Result<Evidence> parsed = parse_evidence(form);
    ASSERT_TRUE(parsed.has_value()) << parsed.error().message;
    const auto* evidence = std::get_if<SnpEvidence>(&parsed->body);
    ASSERT_NE(evidence, nullptr);
    EXPECT_TRUE(std::ranges::equal(evidence->report.bytes, report));
    EXPECT_EQ(evidence->certificates.size(), certificates);
    EXPECT_TRUE(testing::is_genuine(verify(*evidence)));
  };
  same(report, 0);
  Bytes with_certificate = report;
  append(with_certificate, vlek);
  same(with_certificate, 1);

  Bytes table = report;  // configfs-tsm: outblob, then auxblob
  append(table, parse_hex("a8074bc2a25a483eaae639c045a0b8a1").value());
  append_le(table, std::uint32_t{48});
  append_le(table, static_cast<std::uint32_t>(vlek.size()));
  table.resize(table.size() + 24);
  append(table, vlek);
  table.resize(table.size() + 100);
  same(table, 1);
  same(as_bytes(to_hex(table)), 1);
  std::string lines = to_base64(table);
  for (std::size_t i = 64; i < lines.size(); i += 65) lines.insert(i, "\n");
  same(as_bytes(lines), 1);

  Bytes response;  // MSG_REPORT_RSP
  append_le(response, std::uint32_t{0});
  append_le(response, std::uint32_t{1184});
  response.resize(32);
  append(response, report);
  response.resize(4000);
  same(response, 0);
}

TEST_F(SnpRealEvidence, EndorsementOfAnAzureUtilityVm) {
  const auto evidence =
      parse_snp_evidence(file("snp/snp-v2-milan-vcek-ntial-sidecar-containers-snp_report-8aa044.bin"));
  const Bytes bytes = file("snp/bundles/ntial-sidecar-containers-body.uvm_reference_info.bin");
  EXPECT_TRUE(looks_like_uvm_endorsement(bytes));
  const std::int64_t february_2023 = 1'676'000'000;  // the signer's certificate is of 2023
  const auto endorsement = parse_uvm_endorsement(bytes);
  ASSERT_TRUE(endorsement.has_value()) << endorsement.error().message;
  EXPECT_EQ(endorsement->feed, "ContainerPlat-AMD-UVM");
  EXPECT_EQ(endorsement->chain.size(), 3U);
  all_.add_document("uvm", bytes);
  const Findings findings = verify_snp(*evidence, at(february_2023));
  EXPECT_TRUE(testing::is_genuine(findings)) << testing::text_of(findings);
  EXPECT_NE(testing::find_check(findings, "UVM signature", Outcome::kPassed), nullptr);
  EXPECT_NE(testing::find_check(findings, "UVM chain", Outcome::kPassed), nullptr);
  EXPECT_NE(testing::find_check(findings, "UVM measurement", Outcome::kPassed), nullptr);

  Findings of_another;
  const auto other = parse_snp_evidence(file("snp/snp-v2-milan-vcek-trustee-hcl-report-2e6356.bin"));
  verify_uvm_endorsement(*endorsement, other->report, at(february_2023), of_another);
  EXPECT_NE(testing::find_check(of_another, "UVM measurement", Outcome::kFailed), nullptr);

  std::size_t unsigned_bytes = 0;
  for (std::size_t i = 0; i < bytes.size(); i += 7) {
    Bytes flipped = bytes;
    flipped[i] ^= std::byte{1};
    const auto altered = parse_uvm_endorsement(flipped);
    if (!altered) continue;
    Findings after;
    verify_uvm_endorsement(*altered, evidence->report, at(february_2023), after);
    if (testing::is_genuine(after)) ++unsigned_bytes;
  }
  // The unprotected header has a time stamp of 5,213 bytes, which is not used.
  EXPECT_LE(unsigned_bytes, 5300U / 7);
}

TEST_F(SnpRealEvidence, HostDataIsTheDigestOfTheSecurityPolicy) {
  const Bytes encoded = file("snp/bundles/ntial-sidecar-containers-uvm_security_policy.base64");
  std::string_view text = as_text(encoded);
  while (text.ends_with('\n')) text.remove_suffix(1);
  const auto evidence =
      parse_snp_evidence(file("snp/snp-v2-milan-vcek-ntial-sidecar-containers-snp_report-8aa044.bin"));
  const Findings findings = verify(evidence.value());
  EXPECT_EQ(findings.claims.host_data, hash(HashAlgorithm::kSha256, parse_base64(text).value()));
}

}  // namespace
}  // namespace adyton
