// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/epid.h"

#include <gtest/gtest.h>

#include "testing/evidence_index.h"
#include "testing/fake_ias.h"
#include "testing/findings.h"

namespace adyton {
namespace {

using testing::evidence_file;
using testing::fails_only;
using testing::FakeIas;
using testing::has;
using testing::is_genuine;
using testing::kFakeDay;
using testing::kFakeNow;
using testing::text_of;

struct Fixture {
  FakeIas ias;
  Collateral collateral;
  TrustAnchors anchors;
  std::int64_t now = kFakeNow;

  Fixture() { anchors.certificates = {{AnchorUse::kIntelIas, ias.root.certificate()}}; }
  [[nodiscard]] IasReport report() const {
    IasReport out = parse_ias_report(as_bytes(ias.body())).value();
    out.signature = parse_ias_signature(ias.signature_of(out.body)).value();
    out.chain_pem = decode_ias_chain(ias.url_encoded_chain()).value();
    return out;
  }
  [[nodiscard]] Findings verify(const IasReport& report) const {
    return verify_ias_report(report, {collateral, anchors, now});
  }
};

TEST(IasReportVerify, GenuineReportPasses) {
  Fixture f;
  f.ias.more = R"("advisoryIDs":["INTEL-SA-00334"],)";
  const Findings findings = f.verify(f.report());
  EXPECT_TRUE(is_genuine(findings)) << text_of(findings);
  EXPECT_TRUE(has(findings, kIasSignature, Outcome::kPassed));
  EXPECT_EQ(findings.claims.platform, "sgx");
  EXPECT_EQ(findings.claims.hardware_model, "EPID group ac0c0000");
  EXPECT_EQ(findings.claims.tcb_status, TcbStatus::kUpToDate);
  EXPECT_EQ(findings.claims.advisories, std::vector<std::string>{"INTEL-SA-00334"});
  EXPECT_EQ(findings.claims.measurement, Bytes(32, std::byte{0x22}));
  EXPECT_EQ(findings.claims.signer, Bytes(32, std::byte{0x33}));
  EXPECT_EQ(findings.claims.report_data, Bytes(64, std::byte{0x44}));
  EXPECT_EQ(findings.claims.product, 7U);
  EXPECT_EQ(findings.claims.svn, 3U);
  EXPECT_EQ(findings.claims.debug, false);
  f.ias.quote.debug = true;
  EXPECT_EQ(f.verify(f.report()).claims.debug, true);
}

TEST(IasReportVerify, StatusIsTheServicesWord) {
  Fixture f;
  const std::pair<const char*, TcbStatus> good[] = {
      {"SW_HARDENING_NEEDED", TcbStatus::kSwHardeningNeeded},
      {"CONFIGURATION_NEEDED", TcbStatus::kConfigurationNeeded},
      {"CONFIGURATION_AND_SW_HARDENING_NEEDED", TcbStatus::kConfigurationAndSwHardeningNeeded},
      {"GROUP_OUT_OF_DATE", TcbStatus::kOutOfDate}};
  for (const auto& [word, status] : good) {
    f.ias.status = word;
    const Findings findings = f.verify(f.report());
    EXPECT_TRUE(is_genuine(findings)) << word;
    EXPECT_EQ(findings.claims.tcb_status, status) << word;
  }
  const std::pair<const char*, TcbStatus> bad[] = {{"SIGNATURE_INVALID", TcbStatus::kUnknown},
                                                   {"SIGRL_VERSION_MISMATCH", TcbStatus::kUnknown},
                                                   {"GROUP_REVOKED", TcbStatus::kRevoked},
                                                   {"SIGNATURE_REVOKED", TcbStatus::kRevoked},
                                                   {"KEY_REVOKED", TcbStatus::kRevoked},
                                                   {"ok", TcbStatus::kUnknown},
                                                   {"", TcbStatus::kUnknown}};
  for (const auto& [word, status] : bad) {
    f.ias.status = word;
    const Findings findings = f.verify(f.report());
    EXPECT_TRUE(fails_only(findings, kIasStatus, Outcome::kFailed)) << word;
    EXPECT_EQ(findings.claims.tcb_status, status) << word;
  }
}

TEST(IasReportVerify, SignatureIsOverTheExactBody) {
  Fixture f;
  IasReport report = f.report();
  report.body += " ";
  EXPECT_TRUE(fails_only(f.verify(report), kIasSignature, Outcome::kFailed));
  report = f.report();
  report.signature.pop_back();
  EXPECT_TRUE(fails_only(f.verify(report), kIasSignature, Outcome::kFailed));
}

TEST(IasReportVerify, ChainLeadsToTheServicesRoot) {
  Fixture f;
  f.anchors.certificates[0].use = AnchorUse::kIntelSgx;
  EXPECT_TRUE(fails_only(f.verify(f.report()), kIasChain, Outcome::kFailed));
  Fixture vendors;
  const Findings findings =
      verify_ias_report(vendors.report(), {vendors.collateral, TrustAnchors::vendors(), kFakeNow});
  EXPECT_TRUE(fails_only(findings, kIasChain, Outcome::kFailed)) << text_of(findings);
  Fixture late;
  late.now = kFakeNow + 366 * kFakeDay;
  EXPECT_TRUE(fails_only(late.verify(late.report()), kIasChain, Outcome::kOutOfTime));
  Fixture usage;
  usage.ias.signer = usage.ias.root.issue("Signer", {.key = KeyType::kRsa, .key_slot = 1, .key_usage = {2}});
  EXPECT_TRUE(fails_only(usage.verify(usage.report()), kIasChain, Outcome::kFailed));
  Fixture broken;
  IasReport report = broken.report();
  report.chain_pem = "-----BEGIN CERTIFICATE-----\n";
  EXPECT_TRUE(has(broken.verify(report), kIasChain, Outcome::kFailed));
}

TEST(IasReportVerify, WhatDidNotComeAlongIsMissingOrInTheCollateral) {
  Fixture f;
  IasReport bare = f.report();
  const Bytes signature = std::exchange(bare.signature, {});
  const std::string chain = std::exchange(bare.chain_pem, {});
  Findings findings = f.verify(bare);
  EXPECT_TRUE(has(findings, kIasSignature, Outcome::kMissing));
  EXPECT_TRUE(has(findings, kIasChain, Outcome::kMissing));
  f.collateral.add_document(std::string(kIasSignatureDocument), to_bytes(to_base64(signature)));
  findings = f.verify(bare);
  EXPECT_TRUE(fails_only(findings, kIasChain, Outcome::kMissing)) << text_of(findings);
  f.collateral.add_document(std::string(kIasChainDocument), to_bytes(f.ias.url_encoded_chain()));
  EXPECT_TRUE(is_genuine(f.verify(bare)));
  // The chain as certificates of the collateral, in any order.
  Fixture g;
  bare = g.report();
  bare.chain_pem.clear();
  g.collateral.add(g.ias.root.certificate());
  g.collateral.add(g.ias.signer.certificate);
  EXPECT_TRUE(is_genuine(g.verify(bare)));
}

TEST(IasReportVerify, ReportsOfTheFutureAreNoted) {
  Fixture f;
  f.ias.timestamp = "2025-06-16T10:00:00";
  EXPECT_TRUE(has(f.verify(f.report()), kIasTimestamp, Outcome::kNoted));
}

TEST(EpidQuoteVerify, CannotBeVerifiedAndSaysSo) {
  const Collateral collateral;
  const EpidQuote quote = parse_epid_quote(testing::FakeEpidQuote().quote()).value();
  const Findings findings = verify_epid_quote(quote, {collateral, TrustAnchors::vendors(), kFakeNow});
  EXPECT_TRUE(fails_only(findings, kEpidSignature, Outcome::kMissing));
  EXPECT_EQ(findings.claims.tcb_status, TcbStatus::kUnknown);
  EXPECT_EQ(findings.claims.measurement, Bytes(32, std::byte{0x22}));
}

// Real evidence: each file of the folder must come out as the index of the evidence says.
constexpr std::string_view kNone = "no real evidence here: set ADYTON_EVIDENCE to its folder";

TEST(EpidEvidence, ReportsAreSignedByTheService) {
  const Bytes chain = evidence_file("sgx-epid/oasis-core-avr_certificates_urlencoded.pem");
  if (chain.empty()) GTEST_SKIP() << kNone;
  for (const char* version : {"v4", "v5"}) {
    const std::string stem = std::string("sgx-epid/oasis-core-avr_") + version + "_body_sw_hardening_needed";
    const Bytes body = evidence_file(stem + ".json");
    EXPECT_TRUE(looks_like_ias_report(body));
    Collateral collateral;
    collateral.add_document(std::string(kIasSignatureDocument), evidence_file(stem + ".sig"));
    collateral.add_document(std::string(kIasChainDocument), chain);
    const IasReport report = parse_ias_report(body).value();
    SeenSignatures seen;
    const VerifyContext context{collateral, TrustAnchors::vendors(), report.time, &seen};
    const Findings findings = verify_ias_report(report, context);
    EXPECT_TRUE(is_genuine(findings)) << version << "\n" << text_of(findings);
    EXPECT_EQ(findings.chain.size(), 2U);
    EXPECT_EQ(findings.claims.tcb_status, TcbStatus::kSwHardeningNeeded);
    EXPECT_TRUE(std::ranges::find(findings.claims.advisories, "INTEL-SA-00334") != findings.claims.advisories.end());
    EXPECT_EQ(findings.claims.measurement.size(), 32U);
    // Without the two headers it cannot be told.
    const Collateral nothing;
    EXPECT_TRUE(has(verify_ias_report(report, {nothing, TrustAnchors::vendors(), report.time}), kIasSignature,
                    Outcome::kMissing));
    // No bit of it can change.
    Bytes changed = body;
    for (std::size_t i = 0; i < changed.size(); ++i) {
      const std::byte bit{static_cast<unsigned char>(1U << (i % 7))};
      changed[i] ^= bit;
      const Result<IasReport> parsed = parse_ias_report(changed);
      EXPECT_FALSE(parsed && is_genuine(verify_ias_report(*parsed, context))) << version << " byte " << i;
      changed[i] ^= bit;
    }
  }
}

TEST(EpidEvidence, QuoteIsReadAndNotVerified) {
  const Bytes text = evidence_file("sgx-epid/mobilecoin-quote_ok.txt");
  if (text.empty()) GTEST_SKIP() << kNone;
  std::string_view base64 = as_text(text);
  while (!base64.empty() && base64.back() == '\n') base64.remove_suffix(1);
  const Result<EpidQuote> quote = parse_epid_quote(parse_base64(base64).value());
  ASSERT_TRUE(quote) << quote.error().message;
  const Collateral collateral;
  const Findings findings = verify_epid_quote(*quote, {collateral, TrustAnchors::vendors(), 0});
  EXPECT_TRUE(fails_only(findings, kEpidSignature, Outcome::kMissing));
  EXPECT_EQ(testing::field(findings, "MRSIGNER"), "7ee5e29d74623fdbc6fbf1454be6f3bb0b86c12366b7b478ad13353e44de8411");
}

}  // namespace
}  // namespace adyton
