// SPDX-License-Identifier: Apache-2.0
// Real evidence of Azure's confidential virtual machines must come out as its index says.
#include <gtest/gtest.h>

#include "attest/evidence/snp_certificates.h"
#include "attest/verify/azure_cvm.h"
#include "testing/evidence_index.h"
#include "testing/findings.h"
#include "testing/real_evidence.h"

namespace adyton {
namespace {

constexpr std::int64_t kDay = 86'400;

// Stands for the verifier of TD quotes: it tells only what the quote is over (Intel, TD quote version 4: REPORTDATA
// ends the body of 584 bytes behind a header of 48).
Result<Findings> only_report_data(BytesView quote, const VerifyContext&) {
  if (quote.size() < 632) return Error{ErrorCode::kInvalid, "too short"};
  Findings out;
  out.claims.platform = "tdx";
  out.claims.report_data = to_bytes(quote.subspan(568, 64));
  return out;
}

class AzureRealEvidence : public testing::RealEvidence {
 protected:
  void SetUp() override {
    RealEvidence::SetUp();
    if (IsSkipped()) return;
    for (const auto& row : testing::evidence_rows(folder_, "snp/")) {
      if (!row.path.ends_with(".der") || row.path.contains("certs/crl-") || row.path.contains("REVOKED")) continue;
      auto certificate = Certificate::parse(file(row.path));
      if (certificate) all_.add(*certificate);
    }
  }
  [[nodiscard]] std::int64_t time_of(const AzureCvmEvidence& evidence) const {
    std::int64_t out = 1'735'000'000;
    for (const Certificate& certificate : all_.certificates()) {
      const auto leaf = parse_snp_leaf(certificate);
      if (leaf && evidence.hcl.snp && std::ranges::equal(leaf->hwid, evidence.hcl.snp->chip_id())) {
        out = certificate.not_before() + 40 * kDay;
      }
    }
    for (const Certificate& certificate : evidence.certificates) out = certificate.not_before() + 40 * kDay;
    return out;
  }
  [[nodiscard]] Findings verify(const AzureCvmEvidence& evidence) const {
    return verify_azure_cvm(evidence, {all_, TrustAnchors::vendors(), time_of(evidence)}, only_report_data);
  }
  Collateral all_;
};

TEST_F(AzureRealEvidence, EvidenceIsGenuine) {
  std::size_t files = 0;
  for (const auto& row : testing::evidence_rows(folder_, "azure-vtpm/")) {
    if (!row.path.ends_with(".json")) continue;
    SCOPED_TRACE(row.path);
    const Bytes bytes = file(row.path);
    EXPECT_TRUE(looks_like_azure_cvm(bytes));
    const auto evidence = parse_azure_cvm(bytes);
    ASSERT_TRUE(evidence.has_value()) << evidence.error().message;
    const Findings findings = verify(*evidence);
    EXPECT_TRUE(testing::is_genuine(findings)) << testing::text_of(findings);
    EXPECT_EQ(findings.claims.boot_chain.size(), 24U);
    EXPECT_TRUE(row.facts.contains("extraData (nonce) " + to_hex(findings.claims.report_data)));
    EXPECT_NE(testing::find_check(findings, "quote signature", Outcome::kPassed), nullptr);
    EXPECT_NE(testing::find_check(findings, "PCR digest", Outcome::kPassed), nullptr);
    ++files;
    if (evidence->td_quote.empty()) continue;
    // Without a verifier of TD quotes the evidence is not genuine, but for want of one and nothing else.
    const Findings without = verify_azure_cvm(*evidence, {all_, TrustAnchors::vendors(), time_of(*evidence)});
    EXPECT_EQ(testing::count_outcomes(without, Outcome::kMissing), 1U);
    EXPECT_EQ(testing::count_outcomes(without, Outcome::kFailed), 0U);
  }
  EXPECT_EQ(files, 6U);
}

TEST_F(AzureRealEvidence, BindingOfReportsHolds) {
  std::size_t files = 0;
  for (const auto& row : testing::evidence_rows(folder_, "azure-vtpm/azure-hcl")) {
    SCOPED_TRACE(row.path);
    const Bytes bytes = file(row.path);
    const auto evidence = parse_azure_cvm(bytes);
    ASSERT_TRUE(evidence.has_value()) << evidence.error().message;
    const Findings findings = verify(*evidence);
    EXPECT_NE(testing::find_check(findings, "runtime data", Outcome::kPassed), nullptr);
    EXPECT_NE(testing::find_check(findings, "AK binding", Outcome::kPassed), nullptr);
    EXPECT_EQ(testing::count_outcomes(findings, Outcome::kFailed), 0U) << testing::text_of(findings);
    const bool verified = row.validated.contains("SNP signature verified");
    EXPECT_EQ(testing::is_genuine(findings), verified) << testing::text_of(findings);
    ++files;
    for (std::size_t size = 0; size < bytes.size(); size += 11) {
      const auto cut = parse_azure_cvm(BytesView(bytes).first(size));
      // Only padding may be missing.
      if (cut) {
        EXPECT_EQ(cut->hcl.runtime_json, evidence->hcl.runtime_json);
      }
    }
  }
  EXPECT_EQ(files, 7U);
}

TEST_F(AzureRealEvidence, NoFlippedBitIsGenuine) {
  const std::string report = "azure-vtpm/azure-hcl-snp-v1-trustee-5145ba.bin";
  const std::string json = "azure-vtpm/azure-snp-vtpm-trustee-evidence-v1.json";
  Collateral signers;  // no VCEK: a damaged one in the evidence must not be made up for
  signers.add(Certificate::parse(file("snp/certs/ask-milan.der")).value());
  for (const std::string& path : {report, json}) {
    const Bytes original = file(path);
    const std::string_view text = as_text(original);
    const std::int64_t now = time_of(parse_azure_cvm(original).value());
    const Collateral& collateral = path == report ? all_ : signers;
    for (std::size_t i = 0; i < original.size(); i += 7) {
      Bytes flipped = original;
      flipped[i] ^= std::byte{1};
      const auto evidence = parse_azure_cvm(flipped);
      if (!evidence) continue;
      const Findings findings =
          verify_azure_cvm(*evidence, {collateral, TrustAnchors::vendors(), now}, only_report_data);
      if (!testing::is_genuine(findings)) continue;
      // The header's version (1 or 2) and request type are in no signature and change nothing; nor does the member
      // "version" of the JSON.
      const bool unsigned_header = path == report && i >= 4 && i < 16;
      const bool version = path == json && i >= text.find("\"version\"") && i < text.find("\"version\"") + 11;
      EXPECT_TRUE(unsigned_header || version) << path << " byte " << i << ": " << text.substr(i - 8, 20);
    }
  }
}

}  // namespace
}  // namespace adyton
