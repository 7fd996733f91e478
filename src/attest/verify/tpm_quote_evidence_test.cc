// SPDX-License-Identifier: Apache-2.0
// Real TPM quotes must come out as their index says.
#include <algorithm>

#include <gtest/gtest.h>

#include "attest/evidence/hcl_report.h"
#include "attest/verify/tpm_evidence.h"
#include "attest/verify/tpm_quote.h"
#include "testing/evidence_index.h"
#include "testing/findings.h"
#include "testing/real_evidence.h"

namespace adyton {
namespace {

constexpr std::int64_t kNow = 1'700'000'000;

class TpmRealEvidence : public testing::RealEvidence {
 protected:
  [[nodiscard]] Findings verify(const TpmEvidence& evidence, const TrustAnchors& anchors) const {
    return verify_tpm_evidence(evidence, {collateral_, anchors, kNow});
  }
  Collateral collateral_;
};

// confidential-containers' software TPM: the key is vouched for by nobody, so only who is told to trust it does.
TEST_F(TpmRealEvidence, AttesterOfConfidentialContainers) {
  const Bytes bytes = file("tpm/trustee-tpm_evidence.json");
  EXPECT_TRUE(looks_like_tpm_evidence(bytes));
  const auto evidence = parse_tpm_evidence(bytes);
  ASSERT_TRUE(evidence.has_value()) << evidence.error().message;
  TrustAnchors anchors;
  const Findings alone = verify(*evidence, anchors);
  EXPECT_EQ(testing::count_outcomes(alone, Outcome::kFailed), 0U) << testing::text_of(alone);
  EXPECT_NE(testing::find_check(alone, "AK", Outcome::kMissing), nullptr);
  anchors.keys.push_back({AnchorUse::kGoogleTpm, *evidence->quotes[0].ak_key});
  const Findings trusted = verify(*evidence, anchors);
  EXPECT_TRUE(testing::is_genuine(trusted)) << testing::text_of(trusted);
  EXPECT_EQ(trusted.claims.boot_chain.size(), 24U);
  EXPECT_EQ(trusted.claims.report_data.size(), 64U);

  for (std::size_t i = 0; i < bytes.size(); i += 7) {
    Bytes flipped = bytes;
    flipped[i] ^= std::byte{1};
    const auto altered = parse_tpm_evidence(flipped);
    if (altered) {
      EXPECT_FALSE(testing::is_genuine(verify(*altered, anchors))) << "byte " << i;
    }
  }
}

// A TPM 2.0 on GCE with three quotes and its key's certificate.
TEST_F(TpmRealEvidence, GoTpmToolsAttestation) {
  const auto evidence = parse_tpm_evidence(file("tpm/go-tpm-tools-gce-cos-85-no-nonce.pb"));
  ASSERT_TRUE(evidence.has_value()) << evidence.error().message;
  ASSERT_EQ(evidence->quotes.size(), 3U);
  ASSERT_TRUE(evidence->log.has_value());
  // Its certificate's issuer is not in the file, and its quotes, signature and log are all good otherwise.
  const Findings alone = verify(*evidence, TrustAnchors::vendors());
  EXPECT_EQ(testing::count_outcomes(alone, Outcome::kFailed), 0U) << testing::text_of(alone);
  EXPECT_FALSE(testing::is_genuine(alone));
  TrustAnchors anchors;
  anchors.keys.push_back({AnchorUse::kGoogleTpm, key_of(*evidence->quotes[0].ak).value()});
  const Findings trusted = verify(*evidence, anchors);
  EXPECT_TRUE(testing::is_genuine(trusted)) << testing::text_of(trusted);
  EXPECT_EQ(trusted.claims.measurement.size(), 48U);
  EXPECT_NE(testing::find_check(trusted, "event log", Outcome::kPassed), nullptr);
  EXPECT_NE(testing::find_check(trusted, "AK attributes", Outcome::kPassed), nullptr);
}

TEST_F(TpmRealEvidence, GoTpmToolsAttestationAltered) {
  const Bytes bytes = file("tpm/go-tpm-tools-gce-cos-85-no-nonce.pb");
  const TpmEvidence evidence = parse_tpm_evidence(bytes).value();
  TrustAnchors anchors;
  anchors.keys.push_back({AnchorUse::kGoogleTpm, key_of(*evidence.quotes[0].ak).value()});
  const auto log = std::ranges::search(bytes, evidence.log->bytes);
  const auto log_start = static_cast<std::size_t>(log.begin() - bytes.begin());
  for (std::size_t i = 0; i < bytes.size(); i += i < 32 ? 1 : 61) {
    Bytes flipped = bytes;
    flipped[i] ^= std::byte{2};
    const auto altered = parse_tpm_evidence(flipped);
    if (!altered || !testing::is_genuine(verify(*altered, anchors))) continue;
    // What an event says of itself is in no digest, the public area is more than the key, and after the log comes the
    // certificate of a key that is trusted without it.
    EXPECT_TRUE(i >= log_start || i < 32) << "byte " << i;
  }
  for (std::size_t size = 1295; size < bytes.size(); size += 61) {
    const auto cut = parse_tpm_evidence(BytesView(bytes).first(size));
    if (!cut || !testing::is_genuine(verify(*cut, anchors))) continue;
    EXPECT_LT(cut->quotes.size(), 3U) << size;  // cut between two fields, it is a smaller message
  }
}

// The index says "quote valid". The quote is signed with RSASSA and SHA-1, with which nothing is accepted here: its
// signature is the one thing that fails. PCR digest and event log (SHA-1 too) hold.
TEST_F(TpmRealEvidence, GoAttestationDumpIsSignedWithSha1) {
  const auto evidence = parse_tpm_evidence(file("tpm/go-attestation-windows_gcp_shielded_vm.json"));
  ASSERT_TRUE(evidence.has_value()) << evidence.error().message;
  TrustAnchors anchors;
  anchors.keys.push_back({AnchorUse::kGoogleTpm, key_of(*evidence->quotes[0].ak).value()});
  const Findings findings = verify(*evidence, anchors);
  ASSERT_EQ(testing::count_outcomes(findings, Outcome::kFailed), 1U) << testing::text_of(findings);
  const Check* signature = testing::find_check(findings, "quote signature", Outcome::kFailed);
  ASSERT_NE(signature, nullptr);
  EXPECT_TRUE(signature->detail.contains("SHA-1"));
  EXPECT_NE(testing::find_check(findings, "PCR digest", Outcome::kPassed), nullptr);
  EXPECT_NE(testing::find_check(findings, "event log", Outcome::kPassed), nullptr);
}

TEST_F(TpmRealEvidence, QuoteStructures) {
  const Bytes sample = file("tpm/dstack-tpm_quote_sample.bin");
  EXPECT_TRUE(looks_like_tpm_attest(sample));
  const auto attest = parse_tpm_attest(sample);
  ASSERT_TRUE(attest.has_value()) << attest.error().message;
  EXPECT_EQ(to_hex(attest->extra_data), "12345678");
  EXPECT_EQ(attest->reset_count, 0x10U);
  ASSERT_EQ(attest->selections.size(), 1U);
  EXPECT_EQ(attest->selections[0].pcrs, 7U);
  for (std::size_t size = 0; size < sample.size(); ++size) {
    EXPECT_FALSE(parse_tpm_attest(BytesView(sample).first(size)).has_value()) << size;
  }
}

// The index says that this quote goes with hcl-report.bin, but did not check it. It does not: the number under the
// signature is no PKCS #1 block for the key of that report, nor for any other key in the folder (the source repository
// does not use the two files, and azure-cvm-tooling, where they come from, had a key of its own beside them).
TEST_F(TpmRealEvidence, LooseAzureQuoteIsNotByTheKeyOfTheReport) {
  const auto hcl = parse_hcl_report(file("azure-vtpm/azure-hcl-snp-v1-trustee-5145ba.bin"));
  ASSERT_TRUE(hcl.has_value()) << hcl.error().message;
  TpmQuote quote;
  quote.attest = parse_tpm_attest(file("azure-vtpm/trustee-tpm-quote.msg")).value();
  quote.signature.rsa = file("azure-vtpm/trustee-tpm-quote.sig");
  EXPECT_EQ(as_text(quote.attest.extra_data), "challenge");
  const VerifyContext context{collateral_, TrustAnchors::vendors(), kNow};
  const Findings findings = verify_tpm_quote(quote, context, TpmVoucher{*hcl->attestation_key, "the HCL report"});
  ASSERT_EQ(testing::count_outcomes(findings, Outcome::kFailed), 1U) << testing::text_of(findings);
  EXPECT_NE(testing::find_check(findings, "quote signature", Outcome::kFailed), nullptr);
}

TEST_F(TpmRealEvidence, GooglesRootIsAnAnchor) {
  const Bytes pem = file("tpm/libsignal-goog_akcert_root.pem");
  const auto blocks = parse_pem_blocks(as_text(pem));
  ASSERT_TRUE(blocks.has_value());
  const Certificate root = Certificate::parse(blocks->at(0).der).value();
  EXPECT_TRUE(TrustAnchors::vendors().has(AnchorUse::kGoogleTpm, root));
}

}  // namespace
}  // namespace adyton
