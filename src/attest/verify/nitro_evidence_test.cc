// SPDX-License-Identifier: Apache-2.0
// Real Nitro documents: each must come out as the index of the evidence says.
#include <gtest/gtest.h>

#include "attest/verify/nitro.h"
#include "testing/evidence_index.h"
#include "testing/findings.h"

namespace adyton {
namespace {

using testing::EvidenceRow;
using testing::is_genuine;
using testing::text_of;

std::vector<EvidenceRow> documents() {
  std::vector<EvidenceRow> out = testing::evidence_rows("nitro/");
  std::erase_if(out, [](const EvidenceRow& row) { return row.kind != "Nitro attestation document"; });
  return out;
}

std::int64_t made_at(const NitroDocument& document) { return static_cast<std::int64_t>(document.timestamp_ms / 1000); }

TEST(NitroEvidence, ComesOutAsTheIndexSays) {
  const std::vector<EvidenceRow> rows = documents();
  if (rows.empty()) GTEST_SKIP() << "no real evidence here: set ADYTON_EVIDENCE to its folder";
  const Collateral collateral;
  for (const EvidenceRow& row : rows) {
    EXPECT_TRUE(looks_like_nitro(row.bytes)) << row.path;
    const Result<NitroDocument> document = parse_nitro(row.bytes);
    ASSERT_TRUE(document) << row.path << ": " << document.error().message;
    const VerifyContext context{collateral, TrustAnchors::vendors(), made_at(*document)};
    const Findings findings = verify_nitro(*document, context);
    EXPECT_EQ(is_genuine(findings), !row.negative) << row.path << "\n" << text_of(findings);
    if (row.negative) continue;
    EXPECT_EQ(findings.claims.debug, row.facts.contains("DEBUG MODE")) << row.path;
    EXPECT_TRUE(row.facts.contains("module_id " + document->module_id)) << row.path;
    EXPECT_EQ(findings.chain.size(), 5U) << row.path;
    for (const auto& one : document->registers) {
      const std::string text = "PCR" + std::to_string(one.index) + " " + to_hex(one.value);
      const bool zero = one.value == Bytes(one.value.size());
      EXPECT_TRUE(one.index > 2 || zero || row.facts.contains(text)) << row.path << " " << text;
    }
    // Certificates live for three hours or less.
    const VerifyContext later{collateral, TrustAnchors::vendors(), made_at(*document) + 10'801};
    const Findings expired = verify_nitro(*document, later);
    EXPECT_TRUE(testing::fails_only(expired, kNitroChain, Outcome::kOutOfTime)) << row.path << "\n" << text_of(expired);
  }
}

// What the negative samples fail at.
TEST(NitroEvidence, FailsForTheRightReason) {
  const Collateral collateral;
  const auto findings_of = [&](std::string_view path) -> std::optional<Findings> {
    const Bytes bytes = testing::evidence_file(path);
    if (bytes.empty()) return {};
    const NitroDocument document = parse_nitro(bytes).value();
    return verify_nitro(document, {collateral, TrustAnchors::vendors(), made_at(document)});
  };
  const auto tampered = findings_of("nitro/nitro-2021-09-09-NEG-rust-sgx-tampered_signature-15d4f2.cbor");
  if (!tampered) GTEST_SKIP() << "no real evidence here: set ADYTON_EVIDENCE to its folder";
  EXPECT_TRUE(testing::fails_only(*tampered, kNitroSignature, Outcome::kFailed)) << text_of(*tampered);
  const auto mock = findings_of("nitro/nitro-2024-12-13-NEG-oyster-monorepo-custom-d80324.cbor");
  ASSERT_TRUE(mock);
  EXPECT_TRUE(testing::has(*mock, kNitroChain, Outcome::kFailed)) << text_of(*mock);
  EXPECT_TRUE(testing::has(*mock, kNitroSignature, Outcome::kPassed)) << text_of(*mock);
  const auto leaf = findings_of("nitro/nitro-bad-NEG-rust-sgx-tampered_certificate-4164bf.cbor");
  ASSERT_TRUE(leaf);
  EXPECT_FALSE(is_genuine(*leaf)) << text_of(*leaf);
}

// Roots that are not AWS's do not vouch for a document, whatever they look like.
TEST(NitroEvidence, OtherRootsDoNotVouch) {
  const Bytes bytes = testing::evidence_file("nitro/nitro-2021-09-09-debug-rust-sgx-expired_attestation-370e28.cbor");
  if (bytes.empty()) GTEST_SKIP() << "no real evidence here: set ADYTON_EVIDENCE to its folder";
  const NitroDocument document = parse_nitro(bytes).value();
  int tried = 0;
  for (const EvidenceRow& row : testing::evidence_rows("nitro/neg/")) {
    const auto blocks = parse_pem_blocks(as_text(row.bytes));
    if (!blocks || blocks->empty()) continue;
    ++tried;
    const Result<Certificate> root = Certificate::parse(blocks->front().der);
    if (!root) continue;
    TrustAnchors anchors;
    anchors.certificates = {{AnchorUse::kAws, *root}};
    const Collateral collateral;
    const Findings findings = verify_nitro(document, {collateral, anchors, made_at(document)});
    EXPECT_TRUE(testing::has(findings, kNitroChain, Outcome::kFailed)) << row.path << text_of(findings);
  }
  EXPECT_EQ(tried, 2);
}

// No bit of a document can change without it ceasing to be genuine.
TEST(NitroEvidence, EveryFlippedBitIsNoticed) {
  const std::vector<EvidenceRow> rows = documents();
  if (rows.empty()) GTEST_SKIP() << "no real evidence here: set ADYTON_EVIDENCE to its folder";
  const Collateral collateral;
  SeenSignatures seen;
  for (const EvidenceRow& row : rows) {
    if (row.negative) continue;
    const std::int64_t now = made_at(parse_nitro(row.bytes).value());
    Bytes changed = row.bytes;
    for (std::size_t i = 0; i < changed.size(); i += i < 16 ? 1 : 7) {
      const std::byte bit{static_cast<unsigned char>(1U << (i % 8))};
      changed[i] ^= bit;
      const Result<NitroDocument> document = parse_nitro(changed);
      if (document) {
        const Findings findings = verify_nitro(*document, {collateral, TrustAnchors::vendors(), now, &seen});
        EXPECT_FALSE(is_genuine(findings)) << row.path << " byte " << i;
      }
      changed[i] ^= bit;
    }
  }
}

}  // namespace
}  // namespace adyton
