// SPDX-License-Identifier: Apache-2.0
// The TCB status of a platform that never was: levels, QE, TDX module, and which of several TCB infos counts.
#include <algorithm>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "testing/findings.h"
#include "testing/intel_quote.h"

namespace adyton {
namespace {

using testing::FakeIntel;
using testing::FakeQuoteOptions;
using testing::field;
using testing::kFakeDay;
using testing::kFakeNow;
using testing::objections;
using testing::text_of;
using testing::verify_fake;
using testing::verify_quote;

using Objections = std::vector<std::string>;

TEST(IntelStatus, EveryStatus) {
  constexpr TcbStatus kAll[] = {TcbStatus::kUpToDate,
                                TcbStatus::kSwHardeningNeeded,
                                TcbStatus::kConfigurationNeeded,
                                TcbStatus::kConfigurationAndSwHardeningNeeded,
                                TcbStatus::kOutOfDate,
                                TcbStatus::kOutOfDateConfigurationNeeded,
                                TcbStatus::kRevoked};
  FakeIntel intel;
  for (const bool tdx : {false, true}) {
    for (const TcbStatus status : kAll) {
      SCOPED_TRACE(name_of(status));
      const Findings findings = verify_fake(intel, {.version = 4, .tdx = tdx}, {.info = [&](TcbInfo& info) {
                                              info.levels[0].status = status;
                                              info.levels[0].advisories = {"INTEL-SA-1", "INTEL-SA-2"};
                                            }});
      EXPECT_EQ(objections(findings), Objections{}) << text_of(findings);
      EXPECT_EQ(findings.claims.tcb_status, status);
      EXPECT_EQ(findings.claims.advisories, (std::vector<std::string>{"INTEL-SA-1", "INTEL-SA-2"}));
    }
  }
}

TEST(IntelStatus, LevelsAboveThePlatform) {
  FakeIntel intel;
  const auto with = [&](bool tdx, const std::function<void(TcbLevel&)>& raise) {
    return verify_fake(intel, {.version = 4, .tdx = tdx}, {.info = [&](TcbInfo& info) {
                         TcbLevel above = info.levels[0];
                         raise(above);
                         info.levels[0].status = TcbStatus::kOutOfDate;
                         info.levels.insert(info.levels.begin(), above);
                       }});
  };
  for (const bool tdx : {false, true}) {
    for (std::size_t i = 0; i < 16; ++i) {
      if (intel.platform.components[i] == 255) continue;
      const Findings findings = with(tdx, [&](TcbLevel& level) { ++level.sgx[i]; });
      EXPECT_EQ(findings.claims.tcb_status, TcbStatus::kOutOfDate) << i;
    }
    EXPECT_EQ(with(tdx, [](TcbLevel& level) { ++level.pce_svn; }).claims.tcb_status, TcbStatus::kOutOfDate);
  }
  // The TDX module has a version (TEE_TCB_SVN[1] is 1): components 0 and 1 are not compared.
  for (std::size_t i = 0; i < 16; ++i) {
    const Findings findings = with(true, [&](TcbLevel& level) { ++level.tdx[i]; });
    EXPECT_EQ(findings.claims.tcb_status, i < 2 ? TcbStatus::kUpToDate : TcbStatus::kOutOfDate) << i;
  }
  FakeIntel old;
  old.tee_tcb_svn = {5, 0, 3};
  for (std::size_t i = 0; i < 16; ++i) {
    const Findings findings = verify_fake(old, {.version = 4, .tdx = true}, {.info = [&](TcbInfo& info) {
                                            TcbLevel above = info.levels[0];
                                            ++above.tdx[i];
                                            info.levels[0].status = TcbStatus::kOutOfDate;
                                            info.levels.insert(info.levels.begin(), above);
                                          }});
    EXPECT_EQ(findings.claims.tcb_status, TcbStatus::kOutOfDate) << i;
  }
  const Findings none = verify_fake(intel, {}, {.info = [](TcbInfo& info) { ++info.levels[0].pce_svn; }});
  EXPECT_EQ(none.claims.tcb_status, TcbStatus::kNotSupported);
  // A TCB info older than what the platform runs: higher is good enough.
  const Findings older = verify_fake(intel, {}, {.info = [](TcbInfo& info) { --info.levels[0].sgx[0]; }});
  EXPECT_EQ(older.claims.tcb_status, TcbStatus::kUpToDate);
}

TEST(IntelStatus, VersionTwoOfTheTcbInfo) {
  FakeIntel intel;
  const Findings sgx = verify_fake(intel, {}, {.info = [](TcbInfo& info) { info.version = 2; }});
  EXPECT_EQ(objections(sgx), Objections{}) << text_of(sgx);
  EXPECT_EQ(sgx.claims.tcb_status, TcbStatus::kUpToDate);
  // It can only be SGX's.
  Collateral collateral = intel.collateral({.tdx = true, .tcb_info = false});
  TcbInfo info = intel.tcb_info(false);
  info.version = 2;
  ASSERT_TRUE(collateral.add("v2", as_bytes(intel.answer(info))));
  const Findings tdx = verify_quote(intel.quote({.version = 4, .tdx = true}), collateral, intel.anchors());
  EXPECT_EQ(objections(tdx), Objections{"missing TCB info"});
}

struct QeCase {
  TcbStatus platform, qe, merged;
};
TEST(IntelStatus, StatusOfTheQe) {
  const QeCase cases[] = {
      {TcbStatus::kUpToDate, TcbStatus::kOutOfDate, TcbStatus::kOutOfDate},
      {TcbStatus::kSwHardeningNeeded, TcbStatus::kOutOfDate, TcbStatus::kOutOfDate},
      {TcbStatus::kConfigurationNeeded, TcbStatus::kOutOfDate, TcbStatus::kOutOfDateConfigurationNeeded},
      {TcbStatus::kConfigurationAndSwHardeningNeeded, TcbStatus::kOutOfDate, TcbStatus::kOutOfDateConfigurationNeeded},
      {TcbStatus::kOutOfDate, TcbStatus::kOutOfDate, TcbStatus::kOutOfDate},
      {TcbStatus::kOutOfDateConfigurationNeeded, TcbStatus::kOutOfDate, TcbStatus::kOutOfDateConfigurationNeeded},
      {TcbStatus::kRevoked, TcbStatus::kOutOfDate, TcbStatus::kRevoked},
      {TcbStatus::kUpToDate, TcbStatus::kRevoked, TcbStatus::kRevoked},
      {TcbStatus::kUpToDate, TcbStatus::kNotSupported, TcbStatus::kNotSupported},
  };
  FakeIntel intel;
  for (const QeCase& one : cases) {
    SCOPED_TRACE(fmt::format("{} and {}", name_of(one.platform), name_of(one.qe)));
    const auto change = [&](IsvLevel& level) {
      level.advisories = {"INTEL-SA-9"};
      if (one.qe == TcbStatus::kNotSupported) {
        level.isv_svn += 1;
      } else {
        level.status = one.qe;
      }
    };
    const auto platform = [&](TcbInfo& info) { info.levels[0].status = one.platform; };
    const Findings qe =
        verify_fake(intel, {}, {.info = platform, .qe = [&](EnclaveIdentity& id) { change(id.levels[0]); }});
    EXPECT_EQ(qe.claims.tcb_status, one.merged) << text_of(qe);
    EXPECT_EQ(field(qe, "QE TCB status"), name_of(one.qe));
    EXPECT_EQ(qe.claims.advisories.size(), one.qe == TcbStatus::kNotSupported ? 0U : 1U);
    // The TDX module's status counts in the same way.
    const Findings module = verify_fake(intel, {.version = 4, .tdx = true}, {.info = [&](TcbInfo& info) {
                                          platform(info);
                                          change(info.module_versions[0].levels[0]);
                                        }});
    EXPECT_EQ(module.claims.tcb_status, one.merged) << text_of(module);
    EXPECT_EQ(field(module, "TDX module TCB status"), name_of(one.qe));
  }
}

TEST(IntelStatus, TdxModules) {
  FakeIntel intel;
  const FakeQuoteOptions tdx{.version = 4, .tdx = true};
  const Findings unknown =
      verify_fake(intel, tdx, {.info = [](TcbInfo& info) { info.module_versions[0].version = 2; }});
  EXPECT_EQ(objections(unknown), Objections{"failed TDX module"});
  EXPECT_EQ(unknown.claims.tcb_status, TcbStatus::kUnknown);
  const Findings signer =
      verify_fake(intel, tdx, {.info = [](TcbInfo& info) { info.module_versions[0].mr_signer[0] = std::byte{1}; }});
  EXPECT_EQ(objections(signer), Objections{"failed TDX module"});
  const Findings debug = verify_fake(intel, {.version = 4, .tdx = true, .report = [](std::span<std::byte> report) {
                                               report[112] = std::byte{1};  // SEAMATTRIBUTES
                                             }});
  EXPECT_EQ(objections(debug), Objections{"failed TDX module"});
  const Findings other_signer =
      verify_fake(intel, {.version = 4, .tdx = true, .report = [](std::span<std::byte> report) {
                            report[64] = std::byte{1};  // MRSIGNERSEAM
                          }});
  EXPECT_EQ(objections(other_signer), Objections{"failed TDX module"});
  FakeIntel old;
  old.tee_tcb_svn = {5, 0, 3};
  const Findings first = verify_fake(old, tdx);
  EXPECT_EQ(objections(first), Objections{});
  EXPECT_EQ(first.claims.tcb_status, TcbStatus::kUpToDate);
  EXPECT_EQ(field(first, "TDX module TCB status"), "");
}

TEST(IntelStatus, RelaunchIsAdvised) {
  FakeIntel intel;
  const auto with_svn2 = [&](Svns svn2, bool newest_in_place) {
    const FakeQuoteOptions options{
        .version = 5, .tdx = true, .td_report_15 = true, .report = [&](std::span<std::byte> report) {
          std::ranges::copy(std::as_bytes(std::span(svn2)), report.subspan(584).begin());
        }};
    return verify_fake(intel, options, {.info = [&](TcbInfo& info) {
                         if (!newest_in_place) return;
                         IsvLevel newest = info.module_versions[0].levels[0];
                         newest.isv_svn = 7;
                         info.module_versions[0].levels[0].status = TcbStatus::kOutOfDate;
                         info.module_versions[0].levels.insert(info.module_versions[0].levels.begin(), newest);
                       }});
  };
  const auto noted = [](const Findings& findings) {
    return std::ranges::any_of(findings.checks, [](const Check& check) { return check.what == "TD relaunch"; });
  };
  const Findings advised = with_svn2({7, 1, 3}, true);
  EXPECT_TRUE(noted(advised)) << text_of(advised);
  EXPECT_EQ(advised.claims.tcb_status, TcbStatus::kOutOfDate);
  EXPECT_FALSE(noted(with_svn2({6, 1, 3}, true)));   // not the newest module
  EXPECT_FALSE(noted(with_svn2({7, 1, 2}, true)));   // older microcode
  EXPECT_FALSE(noted(with_svn2({7, 2, 3}, true)));   // a module that is not known
  EXPECT_FALSE(noted(with_svn2({5, 1, 3}, false)));  // nothing is out of date
}

TEST(IntelStatus, WhichTcbInfoCounts) {
  FakeIntel intel;
  const auto with = [&](std::int64_t now) {
    Collateral collateral = intel.collateral({.list_options = {.next_update = kFakeNow + 300 * kFakeDay}});
    TcbInfo info = intel.tcb_info(false);
    info.evaluation_number = 18;
    info.levels[0].status = TcbStatus::kOutOfDate;
    info.issue_date = kFakeNow - 10 * kFakeDay;
    info.next_update = kFakeNow + kFakeDay;
    EXPECT_TRUE(collateral.add("18", as_bytes(intel.answer(info))));
    info.evaluation_number = 19;
    info.levels[0].status = TcbStatus::kRevoked;
    info.issue_date = kFakeNow + 2 * kFakeDay;
    info.next_update = kFakeNow + 60 * kFakeDay;
    EXPECT_TRUE(collateral.add("19", as_bytes(intel.answer(info))));
    return verify_quote(intel.quote(), collateral, intel.anchors(), now).claims.tcb_status;
  };
  EXPECT_EQ(with(kFakeNow), TcbStatus::kOutOfDate);                    // 17 and 18 are in force
  EXPECT_EQ(with(kFakeNow + 1 * kFakeDay + 9), TcbStatus::kUpToDate);  // 17 only
  EXPECT_EQ(with(kFakeNow + 3 * kFakeDay), TcbStatus::kRevoked);       // 17 and 19
  EXPECT_EQ(with(kFakeNow + 90 * kFakeDay), TcbStatus::kRevoked);      // none: the newest

  // Which it was can be asked for: what was given may be in force and not the newest there is.
  const Findings findings = verify_fake(intel, {}, {.qe = [](EnclaveIdentity& qe) { qe.evaluation_number = 16; }});
  EXPECT_EQ(testing::field(findings, "TCB info evaluation number"), "17");
  EXPECT_EQ(testing::field(findings, "QE identity evaluation number"), "16");
}

}  // namespace
}  // namespace adyton
