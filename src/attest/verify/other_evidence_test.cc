// SPDX-License-Identifier: Apache-2.0
// Real evidence of SEV before SNP, of Hygon CSV and of IBM Secure Execution: as far as what is given allows.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "attest/verify/csv.h"
#include "attest/verify/se_attestation.h"
#include "attest/verify/sev_legacy.h"
#include "base/cursor.h"
#include "crypto/sm2.h"
#include "testing/evidence_index.h"
#include "testing/findings.h"
#include "testing/real_evidence.h"

namespace adyton {
namespace {

using testing::find_check;

class OtherRealEvidence : public testing::RealEvidence {
 protected:
  [[nodiscard]] VerifyContext context() const { return {collateral_, TrustAnchors::vendors(), 1'700'000'000}; }
  Collateral collateral_;
};

TEST_F(OtherRealEvidence, NaplesPlatform) {
  Bytes all;
  for (const char* name : {"pdh", "pek", "oca", "cek"}) {
    append(all, file(std::string("sev-legacy/naples/sev-") + name + ".cert"));
  }
  EXPECT_TRUE(looks_like_sev_certificates(all));
  const auto certificates = parse_sev_certificates(all);
  ASSERT_TRUE(certificates.has_value()) << certificates.error().message;
  const Findings findings = verify_sev_certificates(*certificates, context());
  std::size_t good = 0;
  for (const Check& check : findings.checks) good += check.outcome == Outcome::kPassed ? 1 : 0;
  EXPECT_EQ(good, 4U) << testing::text_of(findings);  // PDH by PEK, PEK by OCA and CEK, OCA by itself
  EXPECT_EQ(testing::count_outcomes(findings, Outcome::kFailed), 0U);
  // ASK and ARK are not in the folder, and AMD's roots of that time are not built in.
  EXPECT_TRUE(find_check(findings, "certificate signature", Outcome::kMissing)->detail.contains("ask_ark_naples.cert"));

  for (std::size_t i = 0; i < all.size(); i += 7) {
    const std::size_t within = i % SevCertificate::kBytes;
    const bool unused = within >= 0x41c + 144 && within < 0x61c;  // behind r and s
    const bool second_unused = within >= 0x61c && (i / SevCertificate::kBytes != 1 || within >= 0x624 + 144);
    const bool rsa = i / SevCertificate::kBytes == 3 && within >= 0x41c && within < 0x61c;  // by the ASK, not given
    const bool by_ask = i / SevCertificate::kBytes == 3 && within >= 0x414;
    if (unused || second_unused || rsa || by_ask) continue;
    Bytes flipped = all;
    flipped[i] ^= std::byte{1};
    const auto altered = parse_sev_certificates(flipped);
    if (!altered) continue;
    const Findings after = verify_sev_certificates(*altered, context());
    std::size_t passed = 0;
    for (const Check& check : after.checks) passed += check.outcome == Outcome::kPassed ? 1 : 0;
    // The CEK's own fields are signed only by the ASK: its key counts, through the PEK.
    if (i / SevCertificate::kBytes == 3 && passed == 4) continue;
    EXPECT_LT(passed, 4U) << "byte " << i;
  }
}

TEST_F(OtherRealEvidence, DamagedArkIsRefused) {
  const Bytes bytes = file("sev-legacy/naples/sev-ark.cert.bad");
  EXPECT_TRUE(looks_like_sev_certificates(bytes));
  EXPECT_FALSE(parse_sev_certificates(bytes).has_value());  // its signature is cut off
  const Bytes pek = file("sev-legacy/naples/sev-pek.cert");
  for (std::size_t size = 0; size < pek.size(); ++size) {
    EXPECT_FALSE(parse_sev_certificates(BytesView(pek).first(size)).has_value()) << size;
  }
}

// The source's test takes HSK and CEK from Hygon's service: without them the PEK hangs in the air.
TEST_F(OtherRealEvidence, HygonReport) {
  const Bytes bytes = file("csv/trustee-csv_evidence.json");
  EXPECT_TRUE(looks_like_csv_evidence(bytes));
  const auto evidence = parse_csv_evidence(bytes);
  ASSERT_TRUE(evidence.has_value()) << evidence.error().message;
  const Findings findings = verify_csv(*evidence, context());
  EXPECT_NE(find_check(findings, "report signature", Outcome::kPassed), nullptr) << testing::text_of(findings);
  EXPECT_EQ(testing::count_outcomes(findings, Outcome::kFailed), 0U) << testing::text_of(findings);
  EXPECT_TRUE(find_check(findings, "PEK", Outcome::kMissing)
                  ->detail.contains("https://cert.hygon.cn/hsk_cek?snumber=KPA64911240507"));
  EXPECT_EQ(findings.claims.debug, false);
  EXPECT_EQ(findings.claims.measurement.size(), 32U);
  EXPECT_NE(find_check(findings, "event log", Outcome::kNoted), nullptr);
  for (std::size_t i = 0; i < evidence->signed_bytes; i += 3) {
    CsvEvidence altered = *evidence;
    altered.report[i] ^= std::byte{1};
    EXPECT_NE(find_check(verify_csv(altered, context()), "report signature", Outcome::kFailed), nullptr) << i;
  }
}

// Bytes BCh to BFh of version 1 are xored over all fields, and not signed: nor are usage and algorithm beside them.
TEST_F(OtherRealEvidence, HygonFieldsHangOnAnUnsignedNumber) {
  const Bytes bytes = file("csv/trustee-csv_evidence.json");
  const CsvEvidence honest = parse_csv_evidence(bytes).value();
  std::string text(as_text(bytes));
  const auto numbers = [](BytesView report) {
    std::string out;
    for (std::byte byte : report) out += fmt::format("{}{}", out.empty() ? "" : ",", std::to_integer<unsigned>(byte));
    return out;
  };
  Bytes altered = honest.report;
  for (std::size_t at : {0xb4U, 0xb8U, 0xbcU}) altered[at] ^= std::byte{1};
  std::erase_if(text, [](char c) { return c == ' ' || c == '\n'; });
  const std::string before = numbers(honest.report);
  ASSERT_TRUE(text.contains(before));
  text.replace(text.find(before), before.size(), numbers(altered));
  const CsvEvidence changed = parse_csv_evidence(as_bytes(text)).value();
  EXPECT_NE(changed.measurement, honest.measurement);
  const Findings findings = verify_csv(changed, context());
  EXPECT_NE(find_check(findings, "report signature", Outcome::kPassed), nullptr) << testing::text_of(findings);
  EXPECT_NE(find_check(findings, "report fields", Outcome::kNoted), nullptr);
  EXPECT_NE(find_check(findings, "PEK", Outcome::kMissing), nullptr);
}

TEST_F(OtherRealEvidence, HygonEventLogReplaysWithSm3) {
  const auto log = parse_event_log(file("csv/trustee-CCEL_data_csv"));
  ASSERT_TRUE(log.has_value()) << log.error().message;
  EXPECT_EQ(log->events.size(), 82U);
  const auto registers = replay_event_log(*log, HashAlgorithm::kSm3, RegisterKind::kRtmr);
  ASSERT_TRUE(registers.has_value()) << registers.error().message;
  EXPECT_GT((*registers)[0].events, 0U);
}

TEST_F(OtherRealEvidence, SecureExecution) {
  for (const char* name : {"ibm-se/s390-tools-full.bin", "ibm-se/s390-tools-full_resp.bin"}) {
    const Bytes bytes = file(name);
    EXPECT_TRUE(looks_like_se_exchange(bytes));
    const auto exchange = parse_se_exchange(bytes);
    ASSERT_TRUE(exchange.has_value()) << exchange.error().message;
    EXPECT_EQ(exchange->request, Bytes(16, std::byte{0x11}));
    EXPECT_EQ(exchange->measurement, Bytes(64, std::byte{0x12}));
    EXPECT_EQ(exchange->additional, Bytes(32, std::byte{0x13}));
    EXPECT_EQ(exchange->user_data, Bytes(256, std::byte{0x15}));
    EXPECT_EQ(exchange->configuration_id, Bytes(16, std::byte{0x14}));
    const Findings findings = verify_se_exchange(*exchange);
    EXPECT_NE(find_check(findings, "measurement", Outcome::kMissing), nullptr);
    EXPECT_FALSE(testing::is_genuine(findings));
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_FALSE(parse_se_exchange(BytesView(bytes).first(size)).has_value()) << size;
    }
  }
  const Bytes bytes = file("ibm-se/s390-tools-arcb.bin");
  const auto request = parse_se_request(bytes);
  ASSERT_TRUE(request.has_value()) << request.error().message;
  EXPECT_EQ(request->key_slots, 1U);
  EXPECT_EQ(request->measurement_algorithm, 1U);
  EXPECT_EQ(request->flags, 0x7000000000000000U);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(parse_se_request(BytesView(bytes).first(size)).has_value()) << size;
  }
}

// GB/T 32918.5, A.2: the example on the recommended curve.
TEST(Sm2, VerifiesTheExampleOfTheStandard) {
  const auto bytes = [](std::string_view hex) { return parse_hex(hex).value(); };
  const Bytes x = bytes("09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020");
  const Bytes y = bytes("ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13");
  Bytes signature = bytes(
      "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3"
      "b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa");
  const BytesView id = as_bytes("1234567812345678"), message = as_bytes("message digest");
  const auto good = verify_sm2(x, y, id, message, signature);
  EXPECT_TRUE(good.has_value()) << good.error().message;
  EXPECT_EQ(verify_sm2(x, y, as_bytes("another"), message, signature).error().code, ErrorCode::kUntrusted);
  EXPECT_EQ(verify_sm2(x, x, id, message, signature).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(verify_sm2(x, y, id, message, BytesView(signature).first(63)).error().code, ErrorCode::kInvalid);
  signature[5] ^= std::byte{1};
  EXPECT_EQ(verify_sm2(x, y, id, message, signature).error().code, ErrorCode::kUntrusted);
}

}  // namespace
}  // namespace adyton
