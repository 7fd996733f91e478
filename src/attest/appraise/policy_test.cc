// SPDX-License-Identifier: Apache-2.0
// Policies as people write them, and what they make of evidence that says this or that.
#include "attest/appraise/policy.h"

#include <algorithm>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "attest/appraise/ear_writer.h"
#include "attest/evidence/sgx_report.h"
#include "testing/fake_intel.h"
#include "testing/fake_token.h"

namespace adyton {
namespace {

using testing::FakeCollateralOptions;
using testing::FakeIntel;
using testing::FakeQuoteOptions;
using testing::kFakeDay;
using testing::kFakeNow;

std::string error_of(std::string_view toml) {
  const auto policy = parse_policy(toml);
  return policy ? "accepted" : policy.error().message;
}

TEST(Policy, NothingIsWantedByAnEmptyOne) {
  const Policy policy = parse_policy("").value();
  EXPECT_FALSE(policy.accept_debug || policy.accept_missing || policy.advisories.has_value());
  EXPECT_EQ(policy.tcb_status, (std::vector{TcbStatus::kUpToDate, TcbStatus::kSwHardeningNeeded}));
  EXPECT_EQ(policy.ear_status, Policy::Texts{"affirming"});
  EXPECT_TRUE(policy.measurement.empty() && policy.registers.empty());
}

TEST(Policy, EachKeyIsRead) {
  const Policy policy = parse_policy(R"(
[accept]
debug = true
missing = true
tcb_status = "OutOfDate"
advisories = []
ear_status = ["affirming", "warning"]
[expect]
platform = ["sgx", "tdx"]
hardware_model = "Milan"
measurement = "0A0b"
signer = ["01", "02"]
product = [1, 2]
svn = 3
report_data = "ff"
host_data = "ee"
[expect.registers]
PCR4 = ["00", "11"]
[expect.fields]
"vTPM/firmware" = "1"
)")
                            .value();
  EXPECT_TRUE(policy.accept_debug && policy.accept_missing && policy.advisories && policy.advisories->empty());
  EXPECT_EQ(policy.tcb_status, std::vector<TcbStatus>{TcbStatus::kOutOfDate});
  EXPECT_EQ(policy.ear_status, (Policy::Texts{"affirming", "warning"}));
  EXPECT_EQ(policy.platform, (Policy::Texts{"sgx", "tdx"}));
  EXPECT_EQ(policy.measurement, std::vector<Bytes>{parse_hex("0a0b").value()});
  EXPECT_EQ(policy.signer.size(), 2u);
  EXPECT_EQ(policy.product, (std::vector<std::uint64_t>{1, 2}));
  EXPECT_EQ(policy.least_svn, 3u);
  ASSERT_EQ(policy.registers.size(), 1u);
  EXPECT_EQ(policy.registers[0].second.size(), 2u);
  ASSERT_EQ(policy.fields.size(), 1u);
  EXPECT_EQ(policy.fields[0].first, "vTPM/firmware");
}

TEST(Policy, WhatCannotBeMeantIsRefusedWithItsLine) {
  struct Case {
    std::string_view toml, said;
  };
  for (const auto& [toml, said] : {
           Case{"[expect]\nmeasurment = \"00\"", "line 2: expect.measurment: unknown key"},
           Case{"[accept]\ndebgu = true", "line 2: accept.debgu: unknown key"},
           Case{"[expects]", "line 1: expects: unknown key"},
           Case{"expect = 1", "line 1: expect: not a table"},
           Case{"[expect]\nmeasurement = \"\"", "expects nothing"},
           Case{"[expect]\nmeasurement = []", "expects nothing"},
           Case{"[expect]\nmeasurement = [\"00\", \"\"]", "expects nothing"},
           Case{"[expect]\nmeasurement = \"0\"", "line 2"},
           Case{"[expect]\nmeasurement = \"xy\"", "line 2"},
           Case{"[expect]\nmeasurement = 12", "not a text"},
           Case{"[expect]\nplatform = true", "not a text"},
           Case{"[expect]\nproduct = \"1\"", "whole number"},
           Case{"[expect]\nproduct = -1", "whole number"},
           Case{"[expect]\nsvn = [1]", "whole number"},
           Case{"[expect]\nsvn = 1.5", "whole number"},
           Case{"[expect]\nregisters = \"PCR0\"", "not a table"},
           Case{"[expect.registers]\nPCR0 = []", "expects nothing"},
           Case{"[expect.fields]\nname = \"\"", "expects nothing"},
           Case{"[expect]\nat_least = 3", "not a table"},
           Case{"[expect.at_least]\nname = \"3\"", "line 2: expect.at_least.name: not a whole number"},
           Case{"[accept]\ndebug = 1", "neither true nor false"},
           Case{"[accept]\nmissing = \"true\"", "neither true nor false"},
           Case{"[accept]\ntcb_status = \"Fine\"", "no TCB status"},
           Case{"[accept]\ntcb_status = []", "expects nothing"},
           Case{"[accept]\nadvisories = [1]", "not a text"},
           Case{"[expect\n", "policy"},
       }) {
    EXPECT_TRUE(error_of(toml).contains(said)) << toml << ": " << error_of(toml);
  }
}

// A TD with known contents.
struct Td {
  FakeIntel intel;
  FakeQuoteOptions quote{.version = 4, .tdx = true};
  FakeCollateralOptions collateral{.tdx = true};
  std::int64_t now = kFakeNow;

  [[nodiscard]] Verified verified() {
    const Evidence evidence = parse_evidence(intel.quote(quote)).value();
    const Collateral given = intel.collateral(collateral);
    const TrustAnchors anchors = intel.anchors();
    return verify(evidence, {given, anchors, now});
  }
};

Verdict appraised(const Verified& verified, std::string_view toml) {
  auto policy = parse_policy(toml);
  if (!policy) ADD_FAILURE() << policy.error().message;
  return appraise(verified, policy ? *policy : Policy());
}

// Every clause, holding and not.
TEST(Appraisal, EachClauseHoldsOrDoesNot) {
  Td td;
  const Verified verified = td.verified();
  ASSERT_EQ(verified.answer(), Answer::kGenuine);
  const Claims& claims = verified.claims();
  const std::string measurement = to_hex(claims.measurement), data = to_hex(claims.report_data),
                    rtmr = to_hex(claims.boot_chain.at(0).value);
  const std::string model = claims.hardware_model, zeros(data.size(), '0'), other = "77" + measurement.substr(2);
  struct Case {
    std::string toml;
    bool holds;
  };
  for (const auto& [toml, holds] : {
           Case{"[expect]\nplatform = \"tdx\"", true},
           Case{"[expect]\nplatform = [\"sgx\", \"tdx\"]", true},
           Case{"[expect]\nplatform = \"sgx\"", false},
           Case{fmt::format("[expect]\nhardware_model = \"{}\"", model), true},
           Case{"[expect]\nhardware_model = \"Milan\"", false},
           Case{fmt::format("[expect]\nmeasurement = \"{}\"", measurement), true},
           Case{fmt::format("[expect]\nmeasurement = [\"{}\", \"{}\"]", other, measurement), true},
           Case{fmt::format("[expect]\nmeasurement = \"{}\"", other), false},
           Case{fmt::format("[expect]\nmeasurement = \"{}\"", measurement.substr(2)), false},
           Case{"[expect]\nsigner = \"00\"", false},
           Case{"[expect]\nproduct = 0", false},  // TDs have none
           Case{"[expect]\nsvn = 0", false},
           Case{fmt::format("[expect]\nreport_data = \"{}\"", data), true},
           Case{fmt::format("[expect]\nreport_data = \"{}00\"", data), false},
           Case{fmt::format("[expect]\nregisters = {{RTMR0 = \"{}\"}}", rtmr), true},
           Case{fmt::format("[expect]\nregisters = {{RTMR0 = \"{}\"}}", other), false},
           Case{fmt::format("[expect]\nregisters = {{RTMR9 = \"{}\"}}", rtmr), false},
           Case{fmt::format("[expect]\nfields = {{MRTD = \"{}\"}}", measurement), true},
           Case{"[expect]\nfields = {MRTD = \"00\"}", false},
           Case{"[expect]\nfields = {NOTHING = \"00\"}", false},
           Case{"[expect]\nfields = {\"part/MRTD\" = \"00\"}", false},
           Case{"[expect.at_least]\n\"quote version\" = 4", true},
           Case{"[expect.at_least]\n\"quote version\" = 5", false},
           Case{"[expect.at_least]\nPCEID = 0", false},  // hexadecimal
           Case{"[expect.at_least]\nNOTHING = 0", false},
           Case{"[accept]\ntcb_status = [\"UpToDate\"]", true},
           Case{"[accept]\ntcb_status = [\"Revoked\"]", false},
           Case{"[accept]\nadvisories = []", true},
       }) {
    const Verdict verdict = appraised(verified, toml);
    EXPECT_EQ(verdict.accepted(), holds) << toml;
    EXPECT_EQ(verdict.exit_status(), holds ? 0 : 13) << toml;
  }
}

TEST(Appraisal, ShortReportDataIsPaddedWithZeros) {
  Td td;
  const Bytes nonce = to_bytes("0123456789");
  td.quote.report = [&](std::span<std::byte> report) {
    const std::span<std::byte> data = report.subspan(520, 64);  // REPORTDATA of a TD report 1.0
    std::ranges::fill(data, std::byte{0});
    std::ranges::copy(nonce, data.begin());
  };
  const Verified verified = td.verified();
  const std::string hex = to_hex(nonce);
  EXPECT_TRUE(appraised(verified, fmt::format("[expect]\nreport_data = \"{}\"", hex)).accepted());
  EXPECT_TRUE(appraised(verified, fmt::format("[expect]\nreport_data = \"{}00\"", hex)).accepted());
  EXPECT_FALSE(appraised(verified, fmt::format("[expect]\nreport_data = \"{}\"", hex.substr(2))).accepted());
  EXPECT_FALSE(appraised(verified, fmt::format("[expect]\nreport_data = \"{}\"", hex.substr(0, 18))).accepted());
  EXPECT_FALSE(appraised(verified, fmt::format("[expect]\nreport_data = \"{}01\"", hex)).accepted());
}

TEST(Appraisal, OldFirmwareAndAdvisoriesAreThePolicysToAccept) {
  Td td;
  td.collateral.info = [](TcbInfo& info) {
    for (TcbLevel& level : info.levels) {
      level.status = TcbStatus::kOutOfDate;
      level.advisories = {"INTEL-SA-00001"};
    }
  };
  const Verified verified = td.verified();
  ASSERT_EQ(verified.claims().tcb_status, TcbStatus::kOutOfDate);
  const Verdict denied = appraised(verified, "");
  EXPECT_EQ(denied.exit_status(), 13);
  const auto clause = std::ranges::find(denied.clauses(), "tcb_status", &Clause::name);
  ASSERT_NE(clause, denied.clauses().end());
  EXPECT_EQ(clause->remedy, "--allow-tcb OutOfDate");
  const std::string accept = "[accept]\ntcb_status = \"OutOfDate\"\n";
  EXPECT_TRUE(appraised(verified, accept).accepted());
  EXPECT_FALSE(appraised(verified, accept + "advisories = []").accepted());
  EXPECT_FALSE(appraised(verified, accept + "advisories = [\"INTEL-SA-00002\"]").accepted());
  EXPECT_TRUE(appraised(verified, accept + "advisories = [\"INTEL-SA-00001\"]").accepted());
}

TEST(Appraisal, TheAnswerComesBeforeTheClauses) {
  const std::string_view wrong = "[expect]\nplatform = \"sgx\"";
  {
    Td td;
    td.now = kFakeNow + 40 * kFakeDay;
    EXPECT_EQ(appraised(td.verified(), wrong).exit_status(), 15);
  }
  {
    Td td;
    td.collateral.lists = false;
    const Verified verified = td.verified();
    EXPECT_EQ(appraised(verified, wrong).exit_status(), 12);
    EXPECT_EQ(appraised(verified, "[accept]\nmissing = true").exit_status(), 0);
    EXPECT_EQ(appraised(verified, "[accept]\nmissing = true\n[expect]\nplatform = \"sgx\"").exit_status(), 13);
  }
  {
    Td td;
    td.quote.signature = [](Bytes& signature) { signature[0] ^= std::byte{1}; };
    const Verified verified = td.verified();
    EXPECT_EQ(appraised(verified, "[accept]\nmissing = true").exit_status(), 14);
    EXPECT_EQ(policy_text_of(verified).error().code, ErrorCode::kUntrusted);
  }
}

TEST(Appraisal, DebuggingIsAcceptedOnlyWhenAskedFor) {
  FakeIntel intel;
  const Bytes quote = intel.quote({.report = [](std::span<std::byte> report) { report[48] |= std::byte{2}; }});
  const Collateral given = intel.collateral();
  const TrustAnchors anchors = intel.anchors();
  const Verified verified = verify(parse_evidence(quote).value(), {given, anchors, kFakeNow});
  ASSERT_EQ(verified.claims().debug, true);
  EXPECT_EQ(appraised(verified, "").exit_status(), 13);
  EXPECT_EQ(appraised(verified, "[accept]\ndebug = true").exit_status(), 0);
}

// A verifier's no, truly its own, is genuine, and not what is wanted.
TEST(Appraisal, OfOtherVerifiersOnlyAYesIsTaken) {
  const auto key = testing::fake_key(KeyType::kP256);
  const auto result = [&](std::string_view first, std::string_view second) {
    const std::string jwt = testing::fake_jwt(
        R"({"alg":"ES256"})",
        fmt::format(
            R"({{"eat_profile":"tag:github.com,2023:veraison/ear","iat":1700000000,"ear.verifier-id":)"
            R"({{"developer":"d","build":"b"}},"submods":{{"a":{{"ear.status":"{}"}},"b":{{"ear.status":"{}"}}}}}})",
            first, second),
        key, SignatureAlgorithm::kEcdsaSha256);
    TrustAnchors anchors;
    anchors.keys.push_back({AnchorUse::kAttestResult, key.verifying_key()});
    const Collateral nothing;
    return verify(parse_evidence(as_bytes(jwt)).value(), {nothing, anchors, kFakeNow});
  };
  EXPECT_EQ(appraised(result("affirming", "affirming"), "").exit_status(), 0);
  for (const std::string_view status : {"warning", "contraindicated", "none"}) {
    const Verified verified = result("affirming", status);
    EXPECT_EQ(verified.answer(), Answer::kGenuine) << status;
    const Verdict verdict = appraised(verified, "");
    EXPECT_EQ(verdict.exit_status(), 13) << status;
    const auto clause = std::ranges::find(verdict.clauses(), "b/ear_status", &Clause::name);
    ASSERT_NE(clause, verdict.clauses().end());
    EXPECT_EQ(clause->remedy, fmt::format("--allow-ear {}", status));
    EXPECT_EQ(appraised(verified, fmt::format("[accept]\near_status = [\"affirming\", \"{}\"]", status)).exit_status(),
              0);
    EXPECT_EQ(appraised(verified, fmt::format("[accept]\near_status = \"{}\"", status)).exit_status(), 13)
        << "the other part";
    EXPECT_TRUE(appraised(verified, policy_text_of(verified).value()).accepted()) << policy_text_of(verified).value();
    // What is made of it is no better than it is.
    if (status != "none") {
      EXPECT_EQ(name_of(appraisal_of("x", verified.findings()).status), status);
    }
  }
}

TEST(Policy, OneMadeFromASampleAcceptsItAndNothingElse) {
  Td td;
  const Verified verified = td.verified();
  const std::string text = policy_text_of(verified).value();
  EXPECT_TRUE(appraised(verified, text).accepted()) << text;
  EXPECT_FALSE(text.contains("report_data"));
  Td other;
  other.quote.report = [](std::span<std::byte> report) { report[136] ^= std::byte{1}; };  // MRTD
  EXPECT_EQ(appraised(other.verified(), text).exit_status(), 13) << text;
}

}  // namespace
}  // namespace adyton
