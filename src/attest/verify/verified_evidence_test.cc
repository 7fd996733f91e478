// SPDX-License-Identifier: Apache-2.0
// All real evidence through the one door: each file is what its index says, and what must not verify does not.
#include "attest/verify/verified.h"

#include <gtest/gtest.h>

#include "testing/evidence_index.h"

namespace adyton {
namespace {

// The index's kinds, by their beginning, and what parse_evidence() says of them.
constexpr std::pair<std::string_view, std::string_view> kKinds[] = {
    {"SGX quote v3", "SGX quote 3"},
    {"SGX quote v4", "SGX quote 4"},
    {"OE evidence (SGX DCAP)", "SGX quote 3"},
    {"MAA SGX request", "SGX quote 3"},
    {"SVR2 handshake", "SGX quote 3"},
    {"RATS-TLS X.509", "SGX quote 3"},
    {"TDX quote v4", "TDX quote 4"},
    {"TDX quote v5", "TDX quote 5"},
    {"dstack quote", "TDX quote 4"},
    {"SEV-SNP report v2", "SEV-SNP report 2"},
    {"SEV-SNP report v3", "SEV-SNP report 3"},
    {"SEV-SNP report v5", "SEV-SNP report 5"},
    {"PKCS#10 CSR with SNP report", "SEV-SNP report 2"},
    {"Azure HCL report", "Azure confidential VM"},
    {"Azure CVM evidence", "Azure confidential VM"},
    {"Nitro attestation document", "Nitro attestation document"},
    {"TPM evidence JSON", "TPM 2.0 quote"},
    {"TPM 2.0 dump", "TPM 2.0 quote"},
    {"go-tpm-tools attest.Attestation", "TPM 2.0 quote"},
    {"Arm CCA token", "Arm CCA token"},
    {"Huawei virtCCA token", "Arm CCA token"},
    {"PSA token", "PSA token"},
    {"EPID quote", "SGX EPID quote"},
    {"NVIDIA attestation report", "NVIDIA attestation report"},
    {"NVIDIA evidence JSON list", "NVIDIA attestation report"},
    {"NRAS detached EAT", "token of NVIDIA"},
    {"EAR (EAT attestation result) JWT", "attestation result (EAR)"},
    {"GCP Confidential Space token", "token of Google"},
    {"MAA JWT", "token of Microsoft"},
    {"Hygon CSV evidence", "Hygon CSV report"},
    {"attestation request control block", ""},  // a request, no evidence
    {"pvattest exchange file", "IBM Secure Execution attestation"},
};

std::string_view expected_kind(std::string_view kind) {
  for (const auto& [indexed, ours] : kKinds) {
    if (kind.starts_with(indexed)) return ours;
  }
  return "";
}

// Truncated, certificates broken within, or claims without their signature: no evidence, as their own tests say.
bool may_be_malformed(const testing::EvidenceRow& row) {
  return row.negative || row.path.find("corrupt") != row.path.npos || row.path.find("_decoded") != row.path.npos;
}

TEST(VerifiedEvidence, EveryFileIsWhatItsIndexSays) {
  const auto rows = testing::evidence_rows("");
  if (rows.empty()) GTEST_SKIP() << "no real evidence here: set ADYTON_EVIDENCE to its folder";
  const Collateral nothing;
  std::size_t known = 0;
  for (const testing::EvidenceRow& row : rows) {
    const auto evidence = parse_evidence(row.bytes);
    const std::string_view expected = expected_kind(row.kind);
    if (!expected.empty()) {
      ++known;
      if (!evidence) {
        EXPECT_TRUE(may_be_malformed(row)) << row.path << ": " << evidence.error().message;
        continue;
      }
      EXPECT_TRUE(kind_of(*evidence).starts_with(expected)) << row.path << ": " << kind_of(*evidence);
    }
    if (!evidence || !row.negative) continue;
    // In the middle of 2025, with nothing but what the file brings along.
    const Verified verified = verify(*evidence, {nothing, TrustAnchors::vendors(), 1750000000});
    EXPECT_NE(verified.answer(), Answer::kGenuine) << row.path;
  }
  EXPECT_GT(known, 150u);
}

TEST(VerifiedEvidence, NothingIsGenuineThatNobodyVouchesFor) {
  const auto rows = testing::evidence_rows("");
  if (rows.empty()) GTEST_SKIP() << "no real evidence here: set ADYTON_EVIDENCE to its folder";
  const Collateral nothing;
  for (const testing::EvidenceRow& row : rows) {
    const auto evidence = parse_evidence(row.bytes);
    if (!evidence) continue;
    const Verified verified = verify(*evidence, {nothing, TrustAnchors{}, 1750000000});
    EXPECT_NE(verified.answer(), Answer::kGenuine) << row.path;
  }
}

}  // namespace
}  // namespace adyton
