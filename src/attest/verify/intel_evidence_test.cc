// SPDX-License-Identifier: Apache-2.0
// Real SGX and TDX quotes, and Intel's real collateral, come out as the index of the evidence says.
#include <algorithm>
#include <fstream>
#include <map>
#include <set>

#include <fmt/format.h>

#include "attest/evidence/intel_wrappers.h"
#include "attest/verify/intel_collateral.h"
#include "attest/verify/intel_wrappers.h"
#include "base/utc.h"
#include "testing/findings.h"
#include "testing/intel_evidence.h"
#include "testing/intel_quote.h"

namespace adyton {
namespace {

using nlohmann::json;
using testing::any;
using testing::field;
using testing::has;
using testing::IntelEvidence;
using testing::text_of;
using testing::verify_quote;

// "2025-02-22..2032-02-22" of "signatures+chain valid at times 2025-02-22..2032-02-22; ...".
std::optional<std::int64_t> time_within(const std::string& expected) {
  constexpr std::string_view kBefore = "valid at times ";
  const std::size_t at = expected.find(kBefore);
  if (at == std::string::npos) return std::nullopt;
  return parse_utc(expected.substr(at + kBefore.size(), 10)).value() + 86400;
}

bool is_quote(const json& entry) {
  const std::string kind = entry["kind"];
  return kind.starts_with("SGX quote") || kind.starts_with("TDX quote");
}

TEST_F(IntelEvidence, SignaturesOfAllQuotes) {
  const Collateral collateral = certificates_and_lists();
  int good = 0, bad = 0, outside = 0;
  for (const json& entry : index_) {
    if (!is_quote(entry)) continue;
    const std::string path = entry["path"], expected = entry["expected"], facts = entry["facts"];
    SCOPED_TRACE(path);
    const auto unwrapped = unwrap_intel_quote(file(path));
    ASSERT_TRUE(unwrapped) << unwrapped.error().message;
    const auto now = time_within(expected);
    const VerifyContext context{collateral, TrustAnchors::vendors(), now.value_or(parse_utc("2025-06-10").value())};
    const Findings findings = verify_quote(unwrapped->quote, context);
    EXPECT_TRUE(has(findings, "QE report data", Outcome::kPassed) || entry["neg"].get<bool>());
    if (now) {
      ++good;
      // Lists are only there for some times, TCB infos not at all here: nothing may have failed.
      EXPECT_FALSE(any(findings, Outcome::kFailed)) << text_of(findings);
      EXPECT_TRUE(has(findings, "quote signature", Outcome::kPassed));
      EXPECT_TRUE(has(findings, "QE report signature", Outcome::kPassed));
      EXPECT_TRUE(has(findings, "PCK chain", Outcome::kPassed));
      EXPECT_TRUE(has(findings, "TCB info", Outcome::kMissing));
      EXPECT_EQ(findings.chain.size(), 3U);
      EXPECT_EQ(findings.claims.tcb_status, TcbStatus::kUnknown);
      // Facts of the index.
      EXPECT_EQ(findings.claims.debug, facts.contains("debug=YES")) << facts;
      const bool tdx = findings.claims.platform == "tdx";
      EXPECT_TRUE(facts.contains((tdx ? "MRTD " : "MRENCLAVE ") + to_hex(findings.claims.measurement)));
      EXPECT_TRUE(tdx || facts.contains("MRSIGNER " + to_hex(findings.claims.signer)));
      EXPECT_TRUE(facts.contains("report_data " + to_hex(findings.claims.report_data)));
      EXPECT_TRUE(facts.contains(findings.claims.hardware_model)) << findings.claims.hardware_model;
    } else if (entry["neg"].get<bool>()) {
      ++bad;
      EXPECT_TRUE(any(findings, Outcome::kFailed)) << text_of(findings);
    } else {
      ++outside;  // no PCK certificate inside, or one of a test authority
      EXPECT_TRUE(has(findings, "quote signature", Outcome::kPassed)) << text_of(findings);
      EXPECT_TRUE(has(findings, "PCK certificate", Outcome::kMissing)) << text_of(findings);
    }
  }
  RecordProperty("good", good);
  RecordProperty("bad", bad);
  EXPECT_GE(good, 55);
  EXPECT_GE(bad, 3);
  EXPECT_GE(outside, 4);
}

// EXPECTED-dcap-tcb.tsv: an independent opinion on each quote with each TCB info of its platform.
TEST_F(IntelEvidence, StatusWithEachTcbInfo) {
  std::ifstream table(folder_ / "EXPECTED-dcap-tcb.tsv");
  std::string line;
  std::getline(table, line);
  std::map<std::string, Bytes> quotes;
  std::set<std::string> neg;
  for (const json& entry : index_) {
    if (entry["neg"].get<bool>()) neg.insert(entry["path"].get<std::string>());
  }
  SeenSignatures seen;
  int rows = 0, more_advisories = 0;
  while (std::getline(table, line)) {
    std::vector<std::string> cells;
    std::istringstream in(line);
    for (std::string cell; std::getline(in, cell, '\t');) cells.push_back(cell);
    cells.resize(10);
    SCOPED_TRACE(line);
    ++rows;
    Bytes& quote = quotes[cells[0]];
    if (quote.empty()) quote = unwrap_intel_quote(file(cells[0])).value().quote;
    Collateral collateral = certificates_and_lists();
    ASSERT_TRUE(collateral.add(cells[1], file(cells[1])));
    ASSERT_TRUE(collateral.add(cells[2], file(cells[2])));
    // The table pairs documents of different days, so one of them may be out of time: the status is told all the same.
    const VerifyContext context{collateral, TrustAnchors::vendors(), parse_utc(cells[3]).value() + 60, &seen};
    const Findings findings = verify_quote(quote, context);
    if (neg.contains(cells[0])) {
      // The table matched levels with a PCK certificate that nobody vouches for; here that platform has no status.
      EXPECT_TRUE(any(findings, Outcome::kFailed)) << text_of(findings);
      EXPECT_EQ(findings.claims.tcb_status, TcbStatus::kUnknown);
      continue;
    }
    EXPECT_FALSE(any(findings, Outcome::kFailed)) << text_of(findings);
    const auto name = [](const std::string& cell) { return cell == "NoMatch" ? "NotSupported" : cell; };
    EXPECT_EQ(field(findings, "platform TCB status"), name(cells[5]));
    EXPECT_EQ(field(findings, "QE TCB status"), name(cells[6]));
    const std::string module = field(findings, "TDX module TCB status");
    EXPECT_EQ(module, cells[7] == "-" || cells[7] == "ok" ? "" : name(cells[7]));
    EXPECT_EQ(name_of(findings.claims.tcb_status), name(cells[8]));
    std::set<std::string> wanted, found(findings.claims.advisories.begin(), findings.claims.advisories.end());
    std::istringstream list(cells[9]);
    for (std::string one; std::getline(list, one, ',');) wanted.insert(one);
    EXPECT_TRUE(std::ranges::includes(found, wanted));
    // The table has the advisories of the platform's level only. Those of a level of the QE or the TDX module that is
    // not up to date belong there as well: they are why the merged status is what it is.
    if (found != wanted) {
      ++more_advisories;
      EXPECT_TRUE(cells[6] != "UpToDate" || (cells[7] != "-" && cells[7] != "UpToDate")) << text_of(findings);
    }
  }
  EXPECT_GE(rows, 450);
  RecordProperty("rows", rows);
  RecordProperty("more_advisories", more_advisories);
}

// A test authority's TCB info with SVNs such as 65473: a byte, -63, with its sign carried into the JSON. An SVN is 0 to
// 255 (PCS API, TCB info V3). Intel's QVL cuts it down to 8 bits without a word; to refuse it is what the specification
// says.
constexpr std::string_view kImpossible = "nonprod/tcbinfo-tdx-ed742af8adf5-2021-08-06-e0-a2fa31.json";

// Every certificate, list, TCB info and identity is Intel's, and those of test authorities are not.
TEST_F(IntelEvidence, Collateral) {
  SeenSignatures seen;
  int documents = 0, foreign = 0, numbers = 0;
  for (const json* entry : entries("intel-collateral/")) {
    const std::string path = (*entry)["path"], kind = (*entry)["kind"], facts = (*entry)["facts"];
    if (!path.ends_with(".json")) continue;
    SCOPED_TRACE(path);
    Collateral collateral = certificates_and_lists();
    const auto added = collateral.add(path, file(path));
    if (path.ends_with(kImpossible)) {
      ++foreign;
      EXPECT_FALSE(added);
      continue;
    }
    ASSERT_TRUE(added) << added.error().message;
    if (kind == "TCB evaluation data numbers") {
      ++numbers;
      EXPECT_TRUE(collateral.tcb_infos().empty() && collateral.identities().empty());
      continue;
    }
    ASSERT_EQ(collateral.tcb_infos().size() + collateral.identities().size(), 1U);
    const IntelSigned& document = collateral.tcb_infos().empty()
                                      ? static_cast<const IntelSigned&>(*collateral.identities().front())
                                      : *collateral.tcb_infos().front();
    const VerifyContext context{collateral, TrustAnchors::vendors(), document.issue_date + 60, &seen};
    Findings findings;
    const bool genuine = IntelSigners(context).verify(document, {"signature", "validity", ""}, findings);
    EXPECT_TRUE(has(findings, "validity", Outcome::kPassed));
    EXPECT_TRUE(facts.contains("issueDate " + utc_text(document.issue_date))) << utc_text(document.issue_date);
    EXPECT_TRUE(facts.contains("nextUpdate " + utc_text(document.next_update)));
    EXPECT_TRUE(facts.contains(fmt::format("tcbEvaluationDataNumber {};", document.evaluation_number)));
    if ((*entry)["neg"].get<bool>()) {
      ++foreign;
      EXPECT_FALSE(genuine);
      EXPECT_TRUE(has(findings, "signature", Outcome::kFailed)) << text_of(findings);
    } else {
      ++documents;
      EXPECT_TRUE(genuine) << text_of(findings);
      EXPECT_FALSE(any(findings, Outcome::kFailed)) << text_of(findings);
    }
  }
  EXPECT_GE(documents, 100);
  EXPECT_EQ(foreign, 7);
  EXPECT_EQ(numbers, 7);
}

// Bundles: what is unwrapped is the quote that stands beside as its own file, and the collateral that came along makes
// it come out as its source says.
TEST_F(IntelEvidence, Bundles) {
  struct Bundle {
    const char* evidence;      // the wrapped quote, or the extracted one where the bundle is collateral only
    const char* endorsements;  // "": in the evidence itself
    const char* quote;         // the extracted one
    const char* now;
    const char* status;  // "": not told without collateral
  };
  const Bundle bundles[] = {
      {"sgx-ecdsa/bundles/libsignal-dcap.evidence", "sgx-ecdsa/bundles/libsignal-dcap.endorsements",
       "sgx-ecdsa/sgx-v3-00606a000000-libsignal-dcap-9a1589.bin", "2023-01-20", "SWHardeningNeeded"},
      {"sgx-ecdsa/bundles/libsignal-dcap-expired.evidence", "sgx-ecdsa/bundles/libsignal-dcap-expired.endorsements",
       "sgx-ecdsa/sgx-v3-00606a000000-libsignal-dcap-expired-3f0db0.bin", "2022-05-15", "UpToDate"},
      {"sgx-ecdsa/bundles/libsignal-cds2_test.evidence", "sgx-ecdsa/bundles/libsignal-cds2_test.endorsements",
       "sgx-ecdsa/sgx-v3-00606a000000-libsignal-cds2_test-9aab09.bin", "2022-06-22", "UpToDate"},
      {"sgx-ecdsa/bundles/libsignal-svr2.handshakestart", "", "sgx-ecdsa/sgx-v3-00606a000000-libsignal-svr2-ff129c.bin",
       "2026-08-01", "SWHardeningNeeded"},
      {"sgx-ecdsa/bundles/openenclave-evidence", "sgx-ecdsa/bundles/openenclave-endorsements",
       "sgx-ecdsa/sgx-v3-00906ed50000-openenclave-evidence-334652.bin", "2022-04-27", "SWHardeningNeeded"},
      {"sgx-ecdsa/bundles/rats-rs-demo-sgx-cert.pem", nullptr,
       "sgx-ecdsa/sgx-v3-00606a000000-rats-rs-demo-sgx-cert-c915aa.bin", "2024-06-01", ""},
      {"sgx-ecdsa/bundles/maa-intel-sdk-enclave.info.release.json", nullptr,
       "sgx-ecdsa/sgx-v3-00906ed50000-maa-samples-enclave.info.release-e9f0aa.bin", "2024-06-01", ""},
      {"sgx-ecdsa/bundles/maa-intel-sdk-enclave.info.prodid.json", nullptr,
       "sgx-ecdsa/sgx-v3-00906ed50000-maa-samples-enclave.info.prodid-91831a.bin", "2024-06-01", ""},
      {"tdx/bundles/dstack-quote-report.json", nullptr, "tdx/tdx-v4-90c06f000000-dstack-quote-report-cbdb5b.bin",
       "2025-10-01", ""},
      {"tdx/bundles/dstack-tdx-lite-getquote.json", nullptr,
       "tdx/tdx-v4-90c06f000000-dstack-tdx-lite-attestation-1d0342.bin", "2026-05-01", ""},
      {"sgx-ecdsa/sgx-v3-00a067110000-dcap-qvl-sgx_quote-f8b810.bin",
       "sgx-ecdsa/bundles/dcap-qvl-sgx_quote_collateral.json",
       "sgx-ecdsa/sgx-v3-00a067110000-dcap-qvl-sgx_quote-f8b810.bin", "2025-06-20",
       "ConfigurationAndSWHardeningNeeded"},
      {"tdx/tdx-v4-20a06f000000-dcap-qvl-quote_hex-9069d4.bin", "tdx/bundles/dcap-qvl-quote_collateral.json",
       "tdx/tdx-v4-20a06f000000-dcap-qvl-quote_hex-9069d4.bin", "2025-09-10", "UpToDate"},
      {"tdx/tdx-v4-b0c06f000000-mpc-verify_quote_args-b9e238.bin", "tdx/bundles/mpc-collateral.json",
       "tdx/tdx-v4-b0c06f000000-mpc-verify_quote_args-b9e238.bin", "2026-08-20", "UpToDate"},
      {"tdx/tdx-v5-00806f050000-openenclave-tdx_quote_v5-67adfc.bin",
       "tdx/bundles/openenclave-tdx_quote_v5_endorsement_eval21.bin",
       "tdx/tdx-v5-00806f050000-openenclave-tdx_quote_v5-67adfc.bin", "2026-06-20", "OutOfDate"},
  };
  for (const Bundle& bundle : bundles) {
    SCOPED_TRACE(bundle.evidence);
    const auto unwrapped = unwrap_intel_quote(file(bundle.evidence));
    ASSERT_TRUE(unwrapped) << unwrapped.error().message;
    EXPECT_EQ(unwrapped->quote, unwrap_intel_quote(file(bundle.quote)).value().quote);
    Collateral collateral;
    if (bundle.endorsements != nullptr && *bundle.endorsements != '\0') {
      Bytes bytes = file(bundle.endorsements);
      if (std::string_view(bundle.endorsements).ends_with("openenclave-endorsements")) {
        bytes.erase(bytes.begin(), bytes.begin() + 81);  // a comment with the licence that the project put in front
      }
      const auto added = collateral.add(bundle.endorsements, bytes);
      ASSERT_TRUE(added) << added.error().message;
    }
    for (const auto& [name, bytes] : unwrapped->collateral) {
      const auto added = collateral.add(name, bytes);
      ASSERT_TRUE(added) << added.error().message;
    }
    const VerifyContext context{collateral, TrustAnchors::vendors(), parse_utc(bundle.now).value()};
    const Findings findings = verify_quote(unwrapped->quote, context);
    EXPECT_FALSE(any(findings, Outcome::kFailed)) << text_of(findings);
    EXPECT_EQ(name_of(findings.claims.tcb_status), *bundle.status == '\0' ? "Unknown" : bundle.status)
        << text_of(findings);
    if (*bundle.status != '\0' && std::string_view(bundle.evidence) != bundles[1].evidence) {
      EXPECT_FALSE(any(findings, Outcome::kMissing)) << text_of(findings);
      EXPECT_FALSE(any(findings, Outcome::kOutOfTime)) << text_of(findings);
    }
    Findings with_held = findings;
    verify_held_data(unwrapped->held_data, with_held);
    EXPECT_FALSE(has(with_held, "held data", Outcome::kFailed));
    EXPECT_EQ(has(with_held, "held data", Outcome::kPassed), !unwrapped->held_data.empty());
  }
}

TEST_F(IntelEvidence, BadBundles) {
  const Collateral collateral = certificates_and_lists();
  const VerifyContext context{collateral, TrustAnchors::vendors(), parse_utc("2025-06-10").value()};
  for (const char* name :
       {"sgx-ecdsa/bundles/openenclave-sgx_cert_ec_bad.der", "sgx-ecdsa/bundles/openenclave-sgx_cert_rsa_bad.der"}) {
    SCOPED_TRACE(name);
    const auto unwrapped = unwrap_intel_quote(file(name));
    if (!unwrapped) continue;  // refused as a certificate: right as well
    EXPECT_TRUE(any(verify_quote(unwrapped->quote, context), Outcome::kFailed));
  }
}

// Intel's own sample sets, each with a root of its own.
TEST_F(IntelEvidence, QvlSamples) {
  for (const std::string kind : {"sgx", "tdx"}) {
    SCOPED_TRACE(kind);
    const std::string base = "sgx-ecdsa/intel-qvl-sample/" + kind + "-";
    Collateral collateral;
    for (const char* name : {"pckCert.pem", "pckSignChain.pem", "tcbSignChain.pem", "intermediateCaCrl.der",
                             "rootCaCrl.der", "tcbInfo.json", "qeIdentity.json"}) {
      const auto added = collateral.add(name, file(base + name));
      const bool impossible = kind == "tdx" && std::string_view(name) == "tcbInfo.json";  // see kImpossible
      EXPECT_EQ(added.has_value(), !impossible) << (added ? "" : added.error().message);
    }
    const Bytes root_file = file(base + "trustedRootCaCert.pem");
    const auto root = parse_pem_blocks(as_text(root_file));
    ASSERT_TRUE(root);
    TrustAnchors anchors;
    anchors.certificates.push_back({AnchorUse::kIntelSgx, Certificate::parse(root->front().der).value()});
    const auto unwrapped = unwrap_intel_quote(file(base + "quote.dat"));
    ASSERT_TRUE(unwrapped) << unwrapped.error().message;
    const std::int64_t now = collateral.identities().front()->issue_date + 86400;
    const Findings with_own = verify_quote(unwrapped->quote, {collateral, anchors, now});
    for (const std::string_view good : {"quote signature", "QE report data", "QE report signature", "PCK chain",
                                        "QE identity signature", "TCB signing chain"}) {
      EXPECT_TRUE(has(with_own, good, Outcome::kPassed)) << text_of(with_own);
    }
    // The TDX set does not fit together: its QE has another MRSIGNER than its identity, and its TCB info is impossible.
    const bool whole = kind == "sgx";
    EXPECT_EQ(!any(with_own, Outcome::kFailed), whole) << text_of(with_own);
    EXPECT_EQ(!any(with_own, Outcome::kMissing), whole) << text_of(with_own);
    EXPECT_EQ(has(with_own, "QE identity", Outcome::kPassed), whole);
    EXPECT_EQ(with_own.claims.tcb_status, whole ? TcbStatus::kUpToDate : TcbStatus::kUnknown);
    const Findings with_real = verify_quote(unwrapped->quote, {collateral, TrustAnchors::vendors(), now});
    EXPECT_TRUE(any(with_real, Outcome::kFailed)) << text_of(with_real);
    EXPECT_EQ(with_real.claims.tcb_status, TcbStatus::kUnknown);
  }
}

TEST_F(IntelEvidence, LocalReports) {
  const Bytes good = file("tdx/tdreport/tdreport-guest-components.bin");
  const auto report = parse_local_td_report(good);
  ASSERT_TRUE(report) << report.error().message;
  const Findings findings = verify_local_td_report(*report);
  EXPECT_TRUE(has(findings, "TDREPORT hashes", Outcome::kPassed));
  EXPECT_TRUE(has(findings, "TDREPORT MAC", Outcome::kMissing));
  // The index says that this parses, unchecked. It is no TDREPORT: its type is 0x0f instead of 0x81, and addresses of
  // the program that wrote it (0x7ffd...) stand where hashes should. It came from a mock that never filled its buffer.
  const Bytes other = file("tdx/tdreport/tdreport-go-tdx-guest.bin");
  EXPECT_EQ(other.size(), LocalTdReport::kSize);
  EXPECT_FALSE(looks_like_local_td_report(other));
  EXPECT_FALSE(parse_local_td_report(other));
}

}  // namespace
}  // namespace adyton
