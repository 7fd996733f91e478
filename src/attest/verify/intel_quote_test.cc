// SPDX-License-Identifier: Apache-2.0
// SGX and TDX quotes of a platform that never was: what real evidence does not offer.
#include <algorithm>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "attest/verify/sgx_quote.h"
#include "attest/verify/tdx_quote.h"
#include "base/cursor.h"
#include "testing/fake_intel.h"

namespace adyton {
namespace {

using testing::FakeCollateralOptions;
using testing::FakeIntel;
using testing::FakeQuoteOptions;
using testing::kFakeDay;
using testing::kFakeNow;

std::string text_of(const Findings& findings) {
  std::string out;
  for (const Check& check : findings.checks) {
    constexpr const char* kNames[] = {"passed", "FAILED", "missing", "out of time", "noted"};
    out += fmt::format("  {} {}: {}\n", kNames[static_cast<int>(check.outcome)], check.what, check.detail);
  }
  return out;
}

// The checks that did not pass, as "failed PCK chain", each once.
std::vector<std::string> objections(const Findings& findings) {
  std::vector<std::string> out;
  for (const Check& check : findings.checks) {
    constexpr const char* kNames[] = {"", "failed ", "missing ", "out of time ", ""};
    const std::string kind = kNames[static_cast<int>(check.outcome)];
    if (kind.empty()) continue;
    const std::string one = kind + std::string(check.what);
    if (std::ranges::find(out, one) == out.end()) out.push_back(one);
  }
  return out;
}

using Objections = std::vector<std::string>;

Findings verify(BytesView quote, const Collateral& collateral, const TrustAnchors& anchors,
                std::int64_t now = kFakeNow) {
  const VerifyContext context{collateral, anchors, now};
  if (looks_like_tdx_quote(quote)) return verify_tdx_quote(parse_tdx_quote(quote).value(), context);
  return verify_sgx_quote(parse_sgx_quote(quote).value(), context);
}

Findings run(FakeIntel& intel, const FakeQuoteOptions& quote, FakeCollateralOptions collateral = {}) {
  collateral.tdx = quote.tdx;
  return verify(intel.quote(quote), intel.collateral(collateral), intel.anchors());
}

std::string field(const Findings& findings, std::string_view name) {
  const auto found = std::ranges::find(findings.fields, name, &Field::name);
  return found == findings.fields.end() ? "" : found->value;
}

TEST(IntelQuote, GenuineOnesOfAllVersions) {
  FakeIntel intel;
  const FakeQuoteOptions all[] = {{.version = 3},
                                  {.version = 4},
                                  {.version = 5},
                                  {.version = 4, .tdx = true},
                                  {.version = 5, .tdx = true},
                                  {.version = 5, .tdx = true, .td_report_15 = true}};
  for (const FakeQuoteOptions& options : all) {
    const Findings findings = run(intel, options);
    SCOPED_TRACE(text_of(findings));
    EXPECT_EQ(objections(findings), Objections{});
    EXPECT_EQ(findings.claims.tcb_status, TcbStatus::kUpToDate);
    EXPECT_EQ(findings.claims.platform, options.tdx ? "tdx" : "sgx");
    EXPECT_EQ(findings.claims.hardware_model, "FMSPC f0f0f0f0f0f0");
    EXPECT_EQ(findings.claims.debug, false);
    EXPECT_EQ(findings.claims.report_data, Bytes(64, std::byte{0xda}));
    EXPECT_TRUE(findings.claims.host_data.empty());
    EXPECT_EQ(findings.claims.measurement, options.tdx ? Bytes(48, std::byte{0x7d}) : Bytes(32, std::byte{0xe1}));
    EXPECT_EQ(findings.claims.boot_chain.size(), options.tdx ? 4U : 0U);
    EXPECT_EQ(findings.chain.size(), 5U);  // PCK, its CA, root; TCB signing, root
    EXPECT_EQ(field(findings, "dynamic platform"), "yes");
  }
}

TEST(IntelQuote, Claims) {
  FakeIntel intel;
  const Findings sgx = run(intel, {.report = [](std::span<std::byte> report) {
                                     report[48] |= std::byte{2};  // DEBUG
                                     report[192] = std::byte{9};  // CONFIGID
                                   }});
  EXPECT_EQ(sgx.claims.debug, true);
  EXPECT_EQ(sgx.claims.host_data.size(), 64U);
  EXPECT_EQ(sgx.claims.signer, Bytes(32, std::byte{0x51}));
  EXPECT_EQ(sgx.claims.product, 7U);
  EXPECT_EQ(sgx.claims.svn, 3U);
  const Findings tdx = run(intel, {.version = 4, .tdx = true, .report = [](std::span<std::byte> report) {
                                     report[120] = std::byte{1};  // TUD
                                     report[184] = std::byte{9};  // MRCONFIGID
                                     report[232] = std::byte{8};  // MROWNER
                                   }});
  EXPECT_EQ(tdx.claims.debug, true);
  EXPECT_EQ(tdx.claims.host_data.size(), 48U);
  EXPECT_EQ(tdx.claims.signer.size(), 48U);
  EXPECT_EQ(tdx.claims.boot_chain[3].name, "RTMR3");
  EXPECT_EQ(tdx.claims.boot_chain[3].value, Bytes(48, std::byte{0x43}));
}

TEST(IntelQuote, EveryStatus) {
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
      const Findings findings = run(intel, {.version = 4, .tdx = tdx}, {.info = [&](TcbInfo& info) {
                                      info.levels[0].status = status;
                                      info.levels[0].advisories = {"INTEL-SA-1", "INTEL-SA-2"};
                                    }});
      EXPECT_EQ(objections(findings), Objections{}) << text_of(findings);
      EXPECT_EQ(findings.claims.tcb_status, status);
      EXPECT_EQ(findings.claims.advisories, (std::vector<std::string>{"INTEL-SA-1", "INTEL-SA-2"}));
    }
  }
}

// One level above the platform in one thing only: it is passed over, and the next one, or none, counts.
TEST(IntelQuote, LevelsAboveThePlatform) {
  FakeIntel intel;
  const auto with = [&](bool tdx, const std::function<void(TcbLevel&)>& raise) {
    return run(intel, {.version = 4, .tdx = tdx}, {.info = [&](TcbInfo& info) {
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
    const Findings findings = run(old, {.version = 4, .tdx = true}, {.info = [&](TcbInfo& info) {
                                    TcbLevel above = info.levels[0];
                                    ++above.tdx[i];
                                    info.levels[0].status = TcbStatus::kOutOfDate;
                                    info.levels.insert(info.levels.begin(), above);
                                  }});
    EXPECT_EQ(findings.claims.tcb_status, TcbStatus::kOutOfDate) << i;
  }
  const Findings none = run(intel, {}, {.info = [](TcbInfo& info) { ++info.levels[0].pce_svn; }});
  EXPECT_EQ(none.claims.tcb_status, TcbStatus::kNotSupported);
  // A TCB info older than what the platform runs: higher is good enough.
  const Findings older = run(intel, {}, {.info = [](TcbInfo& info) { --info.levels[0].sgx[0]; }});
  EXPECT_EQ(older.claims.tcb_status, TcbStatus::kUpToDate);
}

TEST(IntelQuote, VersionTwoOfTheTcbInfo) {
  FakeIntel intel;
  const Findings sgx = run(intel, {}, {.info = [](TcbInfo& info) { info.version = 2; }});
  EXPECT_EQ(objections(sgx), Objections{}) << text_of(sgx);
  EXPECT_EQ(sgx.claims.tcb_status, TcbStatus::kUpToDate);
  // It can only be SGX's.
  Collateral collateral = intel.collateral({.tdx = true, .tcb_info = false});
  TcbInfo info = intel.tcb_info(false);
  info.version = 2;
  ASSERT_TRUE(collateral.add("v2", as_bytes(intel.answer(info))));
  const Findings tdx = verify(intel.quote({.version = 4, .tdx = true}), collateral, intel.anchors());
  EXPECT_EQ(objections(tdx), Objections{"missing TCB info"});
}

struct QeCase {
  TcbStatus platform, qe, merged;
};
TEST(IntelQuote, StatusOfTheQe) {
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
    const Findings qe = run(intel, {}, {.info = platform, .qe = [&](EnclaveIdentity& id) { change(id.levels[0]); }});
    EXPECT_EQ(qe.claims.tcb_status, one.merged) << text_of(qe);
    EXPECT_EQ(field(qe, "QE TCB status"), name_of(one.qe));
    EXPECT_EQ(qe.claims.advisories.size(), one.qe == TcbStatus::kNotSupported ? 0U : 1U);
    // The TDX module's status counts in the same way.
    const Findings module = run(intel, {.version = 4, .tdx = true}, {.info = [&](TcbInfo& info) {
                                  platform(info);
                                  change(info.module_versions[0].levels[0]);
                                }});
    EXPECT_EQ(module.claims.tcb_status, one.merged) << text_of(module);
    EXPECT_EQ(field(module, "TDX module TCB status"), name_of(one.qe));
  }
}

TEST(IntelQuote, QeThatIsNotIntels) {
  FakeIntel intel;
  const std::function<void(std::span<std::byte>)> alterations[] = {
      [](std::span<std::byte> qe) { qe[16] = std::byte{1}; },                // MISCSELECT
      [](std::span<std::byte> qe) { qe[48] |= std::byte{2}; },               // ATTRIBUTES: debug
      [](std::span<std::byte> qe) { qe[128] = std::byte{0}; },               // MRSIGNER
      [](std::span<std::byte> qe) { store_le<std::uint16_t>(qe, 256, 77); }  // ISVPRODID
  };
  for (const auto& alter : alterations) {
    const Findings findings = run(intel, {.qe_report = alter});
    EXPECT_EQ(objections(findings), Objections{"failed QE identity"}) << text_of(findings);
    EXPECT_EQ(findings.claims.tcb_status, TcbStatus::kUnknown);
  }
  // XFRM is not under the mask.
  EXPECT_EQ(objections(run(intel, {.qe_report = [](std::span<std::byte> qe) { qe[56] = std::byte{3}; }})),
            Objections{});
  // The QE of SGX does not make quotes of TDs.
  const Findings swapped = run(intel, {.version = 4, .tdx = true, .qe_report = [](std::span<std::byte> qe) {
                                         store_le<std::uint16_t>(qe, 256, 1);
                                       }});
  EXPECT_EQ(objections(swapped), Objections{"failed QE identity"});
}

TEST(IntelQuote, TdxModules) {
  FakeIntel intel;
  const FakeQuoteOptions tdx{.version = 4, .tdx = true};
  const Findings unknown = run(intel, tdx, {.info = [](TcbInfo& info) { info.module_versions[0].version = 2; }});
  EXPECT_EQ(objections(unknown), Objections{"failed TDX module"});
  EXPECT_EQ(unknown.claims.tcb_status, TcbStatus::kUnknown);
  const Findings signer =
      run(intel, tdx, {.info = [](TcbInfo& info) { info.module_versions[0].mr_signer[0] = std::byte{1}; }});
  EXPECT_EQ(objections(signer), Objections{"failed TDX module"});
  const Findings debug = run(intel, {.version = 4, .tdx = true, .report = [](std::span<std::byte> report) {
                                       report[112] = std::byte{1};  // SEAMATTRIBUTES
                                     }});
  EXPECT_EQ(objections(debug), Objections{"failed TDX module"});
  const Findings other_signer = run(intel, {.version = 4, .tdx = true, .report = [](std::span<std::byte> report) {
                                              report[64] = std::byte{1};  // MRSIGNERSEAM
                                            }});
  EXPECT_EQ(objections(other_signer), Objections{"failed TDX module"});
  FakeIntel old;
  old.tee_tcb_svn = {5, 0, 3};
  const Findings first = run(old, tdx);
  EXPECT_EQ(objections(first), Objections{});
  EXPECT_EQ(first.claims.tcb_status, TcbStatus::kUpToDate);
  EXPECT_EQ(field(first, "TDX module TCB status"), "");
}

TEST(IntelQuote, RelaunchIsAdvised) {
  FakeIntel intel;
  const auto with_svn2 = [&](Svns svn2, bool newest_in_place) {
    const FakeQuoteOptions options{
        .version = 5, .tdx = true, .td_report_15 = true, .report = [&](std::span<std::byte> report) {
          std::ranges::copy(std::as_bytes(std::span(svn2)), report.subspan(584).begin());
        }};
    return run(intel, options, {.info = [&](TcbInfo& info) {
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

TEST(IntelQuote, BrokenSignatures) {
  FakeIntel intel;
  const SigningKey other = testing::fake_key(KeyType::kP256, 77);
  EXPECT_EQ(objections(run(intel, {.attestation_key = other})), Objections{"failed quote signature"});
  EXPECT_EQ(objections(run(intel, {.qe_report = [](std::span<std::byte> qe) { qe[320] ^= std::byte{1}; }})),
            Objections{"failed QE report data"});
  EXPECT_EQ(objections(run(intel, {.qe_report = [](std::span<std::byte> qe) { qe[383] = std::byte{1}; }})),
            Objections{"failed QE report data"});
  const Findings qe = run(intel, {.signature = [](Bytes& signature) { signature[128 + 384 + 5] ^= std::byte{1}; }});
  EXPECT_EQ(objections(qe), Objections{"failed QE report signature"});
  EXPECT_EQ(qe.claims.tcb_status, TcbStatus::kUnknown);
  const Findings no_point = run(intel, {.signature = [](Bytes& signature) {
                                          std::fill_n(signature.begin() + 64, 64, std::byte{0xff});
                                        }});
  EXPECT_EQ(objections(no_point), (Objections{"failed quote signature", "failed QE report data"}));
}

TEST(IntelQuote, PckCertificates) {
  FakeIntel intel;
  const auto with = [&](const testing::FakeIdentity& pck) { return run(intel, {.pck = pck}); };
  const Findings expired = with(intel.issue_pck({.not_after = kFakeNow - 1}));
  EXPECT_EQ(objections(expired), Objections{"out of time PCK chain"});
  EXPECT_EQ(expired.claims.tcb_status, TcbStatus::kUpToDate);  // still what the platform was
  // Signed by another authority of Intel's: of TCB infos, not of platforms.
  testing::FakeCa wrong(intel.tcb_signer.certificate, intel.tcb_signer.key);
  const Bytes extension = testing::encode_pck_extensions(intel.platform);
  const std::vector<testing::FakeExtension> extensions = {{testing::oid("1.2.840.113741.1.13.1"), extension}};
  const Findings by_signer = with(wrong.issue("CN=Intel SGX PCK Certificate", {.extensions = extensions}));
  EXPECT_EQ(std::ranges::count(objections(by_signer), "failed PCK chain"), 1) << text_of(by_signer);
  EXPECT_EQ(by_signer.claims.tcb_status, TcbStatus::kUnknown);
  // Issued by the root itself: no PCK CA in between.
  EXPECT_EQ(objections(with(intel.root.issue("CN=Intel SGX PCK Certificate", {.extensions = extensions}))),
            Objections{"failed PCK chain"});
  EXPECT_EQ(objections(with(intel.pck_ca.issue("CN=Somebody", {.extensions = extensions}))),
            Objections{"failed PCK certificate"});
  EXPECT_EQ(objections(with(intel.pck_ca.issue("CN=Intel SGX PCK Certificate", {}))),
            Objections{"failed PCK certificate"});
  const std::vector<testing::FakeExtension> broken = {{testing::oid("1.2.840.113741.1.13.1"), Bytes(4)}};
  EXPECT_EQ(objections(with(intel.pck_ca.issue("CN=Intel SGX PCK Certificate", {.extensions = broken}))),
            Objections{"failed PCK certificate"});
  FakeIntel stranger(40);
  const Findings foreign = verify(stranger.quote(), intel.collateral(), intel.anchors());
  EXPECT_EQ(foreign.claims.tcb_status, TcbStatus::kUnknown);
  EXPECT_EQ(objections(foreign).front(), "failed PCK chain") << text_of(foreign);
}

TEST(IntelQuote, Revocation) {
  FakeIntel intel;
  const Bytes serial = to_bytes(intel.pck().certificate.serial());
  EXPECT_EQ(objections(run(intel, {}, {.revoked_pcks = {{.serial = serial}}})), Objections{"failed PCK chain"});
  const Bytes ca = to_bytes(intel.pck_ca.certificate().serial());
  EXPECT_EQ(objections(run(intel, {}, {.revoked_by_root = {{.serial = ca}}})), Objections{"failed PCK chain"});
  const Bytes signer = to_bytes(intel.tcb_signer.certificate.serial());
  EXPECT_EQ(objections(run(intel, {}, {.revoked_by_root = {{.serial = signer}}})), Objections{"failed TCB signing chain"});
  EXPECT_EQ(objections(run(intel, {}, {.lists = false})),
            (Objections{"missing PCK chain", "missing TCB signing chain"}));
  EXPECT_EQ(objections(run(intel, {}, {.list_options = {.next_update = kFakeNow - 1}})),
            (Objections{"out of time PCK chain", "out of time TCB signing chain"}));
}

TEST(IntelQuote, MissingCollateral) {
  FakeIntel intel;
  const Findings no_info = run(intel, {}, {.tcb_info = false});
  EXPECT_EQ(objections(no_info), Objections{"missing TCB info"});
  EXPECT_TRUE(text_of(no_info).contains("/sgx/certification/v4/tcb?fmspc=f0f0f0f0f0f0")) << text_of(no_info);
  EXPECT_EQ(no_info.claims.tcb_status, TcbStatus::kUnknown);
  const Findings no_identity = run(intel, {.version = 4, .tdx = true}, {.identity = false});
  EXPECT_EQ(objections(no_identity), Objections{"missing QE identity"});
  EXPECT_TRUE(text_of(no_identity).contains("/tdx/certification/v4/qe/identity"));
  EXPECT_EQ(no_identity.claims.tcb_status, TcbStatus::kUnknown);
  EXPECT_EQ(objections(run(intel, {}, {.signer = false})),
            (Objections{"missing QE identity signature", "missing TCB info signature"}));
  EXPECT_EQ(objections(run(intel, {}, {.info = [](TcbInfo& info) { info.fmspc[0] = std::byte{1}; }})),
            Objections{"missing TCB info"});
  EXPECT_EQ(objections(run(intel, {}, {.info = [](TcbInfo& info) { info.pce_id[0] = std::byte{1}; }})),
            Objections{"missing TCB info"});
  // TDX's TCB info and identity are none for SGX.
  const Findings swapped = verify(intel.quote(), intel.collateral({.tdx = true}), intel.anchors());
  EXPECT_EQ(objections(swapped), (Objections{"missing QE identity", "missing TCB info"}));
}

TEST(IntelQuote, CollateralOutOfTime) {
  FakeIntel intel;
  const Findings old = run(intel, {}, {.info = [](TcbInfo& info) { info.next_update = kFakeNow - 1; }});
  EXPECT_EQ(objections(old), Objections{"out of time TCB info validity"});
  EXPECT_EQ(old.claims.tcb_status, TcbStatus::kUpToDate);
  EXPECT_EQ(objections(run(intel, {}, {.qe = [](EnclaveIdentity& qe) { qe.issue_date = kFakeNow + 1; }})),
            Objections{"out of time QE identity validity"});
}

TEST(IntelQuote, CollateralByOthers) {
  FakeIntel intel;
  Collateral collateral = intel.collateral({.tcb_info = false, .identity = false});
  const SigningKey other = testing::fake_key(KeyType::kP256, 78);
  ASSERT_TRUE(collateral.add("info", as_bytes(intel.answer(intel.tcb_info(false), &other))));
  ASSERT_TRUE(collateral.add("qe", as_bytes(intel.answer(intel.identity(false), &intel.pck().key))));
  const Findings findings = verify(intel.quote(), collateral, intel.anchors());
  EXPECT_EQ(objections(findings), (Objections{"failed QE identity signature", "failed TCB info signature"}));
  EXPECT_EQ(findings.claims.tcb_status, TcbStatus::kUnknown);
  // A signer of that name whom a PCK CA made, or anybody: the chain is too long, or leads nowhere.
  const auto by = [&](const testing::FakeIdentity& signer) {
    Collateral forged = intel.collateral({.tcb_info = false, .signer = false});
    forged.add(signer.certificate);
    forged.add(intel.pck_ca.certificate());
    EXPECT_TRUE(forged.add("info", as_bytes(intel.answer(intel.tcb_info(false), &signer.key))));
    EXPECT_TRUE(forged.add("qe", as_bytes(intel.answer(intel.identity(false), &signer.key))));
    return verify(intel.quote(), forged, intel.anchors());
  };
  const Findings by_pck_ca = by(intel.pck_ca.issue("CN=Intel SGX TCB Signing", {.key_slot = 79}));
  EXPECT_EQ(by_pck_ca.claims.tcb_status, TcbStatus::kUnknown);
  EXPECT_TRUE(std::ranges::count(objections(by_pck_ca), "failed TCB signing chain") == 1) << text_of(by_pck_ca);
  const Findings by_anybody = by(testing::FakeCa::root("CN=Anybody").issue("CN=Intel SGX TCB Signing", {.key_slot = 79}));
  EXPECT_EQ(by_anybody.claims.tcb_status, TcbStatus::kUnknown);
}

// Of several, the one in force with the highest evaluation number.
TEST(IntelQuote, WhichTcbInfoCounts) {
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
    return verify(intel.quote(), collateral, intel.anchors(), now).claims.tcb_status;
  };
  EXPECT_EQ(with(kFakeNow), TcbStatus::kOutOfDate);                 // 17 and 18 are in force
  EXPECT_EQ(with(kFakeNow + 1 * kFakeDay + 9), TcbStatus::kUpToDate);  // 17 only
  EXPECT_EQ(with(kFakeNow + 3 * kFakeDay), TcbStatus::kRevoked);    // 17 and 19
  EXPECT_EQ(with(kFakeNow + 90 * kFakeDay), TcbStatus::kRevoked);   // none: the newest
}

// Certification data that names the platform instead of carrying its certificate.
TEST(IntelQuote, PckCertificateFromTheCollateral) {
  FakeIntel intel;
  for (const CertificationType type : {CertificationType::kPpidPlain, CertificationType::kPpidRsa2048,
                                       CertificationType::kPpidRsa3072, CertificationType::kPckCertificate}) {
    SCOPED_TRACE(static_cast<int>(type));
    const Bytes quote = intel.quote({.certification = type});
    Collateral collateral = intel.collateral();
    collateral.add(intel.pck_ca.certificate());
    if (type != CertificationType::kPckCertificate) {
      const Findings missing = verify(quote, collateral, intel.anchors());
      EXPECT_EQ(objections(missing), Objections{"missing PCK certificate"}) << text_of(missing);
      EXPECT_TRUE(text_of(missing).contains("pceid=0000")) << text_of(missing);
      collateral.add(FakeIntel(40).pck().certificate);  // another platform's
      EXPECT_EQ(objections(verify(quote, collateral, intel.anchors())), Objections{"missing PCK certificate"});
      collateral.add(intel.pck().certificate);
    }
    const Findings findings = verify(quote, collateral, intel.anchors());
    EXPECT_EQ(objections(findings), Objections{}) << text_of(findings);
    EXPECT_EQ(findings.claims.tcb_status, TcbStatus::kUpToDate);
  }
}

// Signatures that were seen before change no answer.
TEST(IntelQuote, SeenSignatures) {
  FakeIntel intel;
  const Collateral collateral = intel.collateral();
  const TrustAnchors anchors = intel.anchors();
  SeenSignatures seen;
  const VerifyContext context{collateral, anchors, kFakeNow, &seen};
  const Bytes good = intel.quote();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(objections(verify_sgx_quote(parse_sgx_quote(good).value(), context)), Objections{});
    Bytes bad = good;
    bad[400] ^= std::byte{1};
    EXPECT_EQ(objections(verify_sgx_quote(parse_sgx_quote(bad).value(), context)), Objections{"failed quote signature"});
  }
}

}  // namespace
}  // namespace adyton
