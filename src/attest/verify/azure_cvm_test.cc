// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/azure_cvm.h"

#include <gtest/gtest.h>

#include "base/cursor.h"
#include "testing/evidence_index.h"
#include "testing/fake_amd.h"
#include "testing/fake_tpm.h"
#include "testing/findings.h"

namespace adyton {
namespace {

using testing::find_check;
using testing::is_genuine;
using testing::text_of;

class AzureCvmVerifier : public ::testing::Test {
 protected:
  testing::FakeAmd amd_{SnpProduct::kMilan};
  testing::FakeIdentity vcek_ = amd_.vcek();
  SigningKey ak_ = testing::fake_key(KeyType::kRsa);
  std::string json_ = testing::fake_runtime_json(ak_);
  TrustAnchors anchors_ = amd_.anchors();
  Collateral collateral_ = amd_.collateral(vcek_);

  [[nodiscard]] Bytes snp_report(const std::string& runtime) const {
    return testing::fake_snp_report({.report_data = *hash(HashAlgorithm::kSha256, as_bytes(runtime))}, vcek_.key);
  }
  [[nodiscard]] AzureCvmEvidence evidence(const Bytes& hcl) const {
    return {.hcl = parse_hcl_report(hcl).value(),
            .quote = testing::fake_tpm_quote(testing::fake_pcrs(HashAlgorithm::kSha256), to_bytes("nonce"), ak_),
            .certificates = {},
            .td_quote = {}};
  }
  [[nodiscard]] VerifyContext context() const { return {collateral_, anchors_, testing::kFakeNow}; }
};

TEST_F(AzureCvmVerifier, Genuine) {
  const Bytes hcl = testing::fake_hcl_report(snp_report(json_), 2, json_);
  EXPECT_TRUE(looks_like_azure_cvm(hcl));
  const Findings findings = verify_azure_cvm(evidence(hcl), context());
  EXPECT_TRUE(is_genuine(findings)) << text_of(findings);
  EXPECT_EQ(findings.claims.platform, "sev-snp");
  EXPECT_EQ(as_text(findings.claims.report_data), "nonce");
  EXPECT_EQ(findings.claims.boot_chain.size(), 24U);
  ASSERT_EQ(findings.parts.size(), 2U);

  AzureCvmEvidence alone = evidence(hcl);
  alone.quote.reset();
  const Findings without = verify_azure_cvm(alone, context());
  EXPECT_TRUE(is_genuine(without));
  EXPECT_EQ(to_hex(without.claims.report_data), "0102");
  EXPECT_NE(find_check(without, "vTPM", Outcome::kNoted), nullptr);
}

TEST_F(AzureCvmVerifier, RuntimeDataOfAnotherMachine) {
  const std::string other = testing::fake_runtime_json(testing::fake_key(KeyType::kRsa, 4));
  const Findings unbound = verify_azure_cvm(evidence(testing::fake_hcl_report(snp_report(other), 2, json_)), context());
  EXPECT_NE(find_check(unbound, "runtime data", Outcome::kFailed), nullptr);
  // Bound, but the quote is by a key that the runtime data does not name.
  const Findings unnamed = verify_azure_cvm(evidence(testing::fake_hcl_report(snp_report(other), 2, other)), context());
  EXPECT_NE(find_check(unnamed, "quote signature", Outcome::kFailed), nullptr);
}

// The paravisor is at VMPL 0. A guest below it that could have reports made would name a key of its own.
TEST_F(AzureCvmVerifier, ReportOfTheGuestItself) {
  for (const std::uint32_t vmpl : {1U, 2U, 3U, 0xffffffffU}) {
    const Bytes report = testing::fake_snp_report(
        {.vmpl = vmpl, .report_data = *hash(HashAlgorithm::kSha256, as_bytes(json_))}, vcek_.key);
    const Findings findings = verify_azure_cvm(evidence(testing::fake_hcl_report(report, 2, json_)), context());
    EXPECT_TRUE(testing::fails_only(findings, "VMPL", Outcome::kFailed)) << vmpl << text_of(findings);
  }
}

TEST_F(AzureCvmVerifier, RuntimeDataWithoutKey) {
  const std::string empty = R"({"keys":[]})";
  const Findings findings =
      verify_azure_cvm(evidence(testing::fake_hcl_report(snp_report(empty), 2, empty)), context());
  EXPECT_NE(find_check(findings, "AK binding", Outcome::kMissing), nullptr);
  EXPECT_FALSE(is_genuine(findings));
}

Result<Findings> fake_td_verifier(BytesView quote, const VerifyContext&) {
  if (quote.size() < 2) return Error{ErrorCode::kInvalid, "no TD quote"};
  Findings out;
  out.claims.platform = "tdx";
  out.claims.report_data = to_bytes(quote);
  out.pass("quote signature");
  return out;
}

TEST_F(AzureCvmVerifier, TdxThroughItsQuote) {
  Bytes td_report(1184);
  td_report[0] = std::byte{0x81};
  const Bytes digest = *hash(HashAlgorithm::kSha256, as_bytes(json_));
  std::ranges::copy(digest, td_report.begin() + 128);
  AzureCvmEvidence tdx = evidence(testing::fake_hcl_report(td_report, 4, json_));
  EXPECT_TRUE(find_check(verify_azure_cvm(tdx, context()), "TD quote", Outcome::kMissing)->detail.contains("tdquote"));
  tdx.td_quote = digest;
  tdx.td_quote.resize(64);
  EXPECT_NE(find_check(verify_azure_cvm(tdx, context()), "TD quote", Outcome::kMissing), nullptr);
  const Findings good = verify_azure_cvm(tdx, context(), fake_td_verifier);
  EXPECT_TRUE(is_genuine(good)) << text_of(good);
  EXPECT_EQ(good.claims.platform, "tdx");
  tdx.td_quote[40] = std::byte{1};  // zeros must follow the digest
  EXPECT_NE(find_check(verify_azure_cvm(tdx, context(), fake_td_verifier), "TD quote", Outcome::kFailed), nullptr);
  tdx.td_quote = {std::byte{1}};
  EXPECT_NE(find_check(verify_azure_cvm(tdx, context(), fake_td_verifier), "TD quote", Outcome::kFailed), nullptr);
}

TEST_F(AzureCvmVerifier, ReportParserIsStrict) {
  const Bytes good = testing::fake_hcl_report(snp_report(json_), 2, json_);
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(parse_hcl_report(BytesView(good).first(size)).has_value()) << size;
  }
  Bytes padded = good;
  padded.resize(2600);
  EXPECT_TRUE(parse_hcl_report(padded).has_value());
  padded.back() = std::byte{1};
  EXPECT_FALSE(parse_hcl_report(padded).has_value());
  const auto refused_with = [&](std::size_t at, std::uint32_t value) {
    Bytes bad = good;
    store_le(std::span(bad), at, value);
    return !parse_hcl_report(bad).has_value();
  };
  EXPECT_TRUE(refused_with(4, 3));     // version
  EXPECT_TRUE(refused_with(8, 1));     // size
  EXPECT_TRUE(refused_with(16, 1));    // status
  EXPECT_TRUE(refused_with(28, 1));    // reserved
  EXPECT_TRUE(refused_with(1216, 1));  // size of the runtime data
  EXPECT_TRUE(refused_with(1224, 4));  // kind
  EXPECT_TRUE(refused_with(1228, 9));  // hash
  EXPECT_TRUE(refused_with(1232, 0xffffffff));
  const auto refused_json = [&](const std::string& json) {
    return !parse_hcl_report(testing::fake_hcl_report(snp_report(json), 2, json)).has_value();
  };
  EXPECT_TRUE(refused_json("[]"));
  EXPECT_TRUE(refused_json(R"({"keys":1})"));
  EXPECT_TRUE(refused_json(R"({"keys":[{"kid":"HCLAkPub","kty":"EC"}]})"));
  EXPECT_TRUE(refused_json(R"({"keys":[],"keys":[]})"));
  std::string twice = json_;
  const std::size_t start = twice.find("{\"kid\""), end = twice.find("}]") + 1;
  twice.insert(end, "," + twice.substr(start, end - start));
  EXPECT_TRUE(refused_json(twice));
}

TEST(AzureCvmParser, RefusesWhatIsMissing) {
  for (const char* text :
       {"{}", "[]", R"({"hcl_report":"AA","tpm_quote":{}})", R"({"hcl_report":[256],"tpm_quote":{}})",
        R"({"hcl_report":"SENMQQ","tpm_quote":{"message":"00","signature":"00","pcrs":[]}})"}) {
    EXPECT_FALSE(parse_azure_cvm(as_bytes(text)).has_value()) << text;
  }
}

}  // namespace
}  // namespace adyton
