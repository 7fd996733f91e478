// SPDX-License-Identifier: Apache-2.0
// SGX and TDX quotes of a platform that never was: signatures, certificates and collateral that reality does not offer.
#include <algorithm>

#include <gtest/gtest.h>

#include "attest/verify/intel_wrappers.h"
#include "base/cursor.h"
#include "crypto/crypto.h"
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

TEST(IntelQuote, GenuineOnesOfAllVersions) {
  FakeIntel intel;
  const FakeQuoteOptions all[] = {{.version = 3},
                                  {.version = 4},
                                  {.version = 5},
                                  {.version = 4, .tdx = true},
                                  {.version = 5, .tdx = true},
                                  {.version = 5, .tdx = true, .td_report_15 = true}};
  for (const FakeQuoteOptions& options : all) {
    const Findings findings = verify_fake(intel, options);
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
  const Findings sgx = verify_fake(intel, {.report = [](std::span<std::byte> report) {
                                     report[48] |= std::byte{2};  // DEBUG
                                     report[192] = std::byte{9};  // CONFIGID
                                   }});
  EXPECT_EQ(sgx.claims.debug, true);
  EXPECT_EQ(sgx.claims.host_data.size(), 64U);
  EXPECT_EQ(sgx.claims.signer, Bytes(32, std::byte{0x51}));
  EXPECT_EQ(sgx.claims.product, 7U);
  EXPECT_EQ(sgx.claims.svn, 3U);
  const Findings tdx = verify_fake(intel, {.version = 4, .tdx = true, .report = [](std::span<std::byte> report) {
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

// One level above the platform in one thing only: it is passed over, and the next one, or none, counts.
TEST(IntelQuote, QeThatIsNotIntels) {
  FakeIntel intel;
  const std::function<void(std::span<std::byte>)> alterations[] = {
      [](std::span<std::byte> qe) { qe[16] = std::byte{1}; },                // MISCSELECT
      [](std::span<std::byte> qe) { qe[48] |= std::byte{2}; },               // ATTRIBUTES: debug
      [](std::span<std::byte> qe) { qe[128] = std::byte{0}; },               // MRSIGNER
      [](std::span<std::byte> qe) { store_le<std::uint16_t>(qe, 256, 77); }  // ISVPRODID
  };
  for (const auto& alter : alterations) {
    const Findings findings = verify_fake(intel, {.qe_report = alter});
    EXPECT_EQ(objections(findings), Objections{"failed QE identity"}) << text_of(findings);
    EXPECT_EQ(findings.claims.tcb_status, TcbStatus::kUnknown);
  }
  // XFRM is not under the mask.
  EXPECT_EQ(objections(verify_fake(intel, {.qe_report = [](std::span<std::byte> qe) { qe[56] = std::byte{3}; }})),
            Objections{});
  // The QE of SGX does not make quotes of TDs.
  const Findings swapped = verify_fake(intel, {.version = 4, .tdx = true, .qe_report = [](std::span<std::byte> qe) {
                                                 store_le<std::uint16_t>(qe, 256, 1);
                                               }});
  EXPECT_EQ(objections(swapped), Objections{"failed QE identity"});
}

TEST(IntelQuote, BrokenSignatures) {
  FakeIntel intel;
  const SigningKey other = testing::fake_key(KeyType::kP256, 77);
  EXPECT_EQ(objections(verify_fake(intel, {.attestation_key = other})), Objections{"failed quote signature"});
  EXPECT_EQ(objections(verify_fake(intel, {.qe_report = [](std::span<std::byte> qe) { qe[320] ^= std::byte{1}; }})),
            Objections{"failed QE report data"});
  EXPECT_EQ(objections(verify_fake(intel, {.qe_report = [](std::span<std::byte> qe) { qe[383] = std::byte{1}; }})),
            Objections{"failed QE report data"});
  const Findings qe =
      verify_fake(intel, {.signature = [](Bytes& signature) { signature[128 + 384 + 5] ^= std::byte{1}; }});
  EXPECT_EQ(objections(qe), Objections{"failed QE report signature"});
  EXPECT_EQ(qe.claims.tcb_status, TcbStatus::kUnknown);
  const Findings no_point = verify_fake(
      intel, {.signature = [](Bytes& signature) { std::fill_n(signature.begin() + 64, 64, std::byte{0xff}); }});
  EXPECT_EQ(objections(no_point), (Objections{"failed quote signature", "failed QE report data"}));
}

TEST(IntelQuote, PckCertificates) {
  FakeIntel intel;
  const auto with = [&](const testing::FakeIdentity& pck) { return verify_fake(intel, {.pck = pck}); };
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
  const Findings foreign = verify_quote(stranger.quote(), intel.collateral(), intel.anchors());
  EXPECT_EQ(foreign.claims.tcb_status, TcbStatus::kUnknown);
  EXPECT_EQ(objections(foreign).front(), "failed PCK chain") << text_of(foreign);
}

// What stands under Intel's root and has the right key is still not whoever may vouch for a QE.
TEST(IntelQuote, PckCertificatesThatArePlacedWrong) {
  FakeIntel intel;
  const auto with = [&](const testing::FakeIdentity& pck, const testing::FakeCa* above = nullptr) {
    Collateral collateral = intel.collateral();
    if (above != nullptr) {
      collateral.add(above->certificate());
      collateral.add(above->revoke({}));
    }
    const Bytes quote = intel.quote({.certification = CertificationType::kPckCertificate, .pck = pck});
    collateral.add(intel.pck_ca.certificate());
    const Findings findings = verify_quote(quote, collateral, intel.anchors());
    EXPECT_TRUE(objections(findings).empty() || findings.claims.tcb_status == TcbStatus::kUnknown);
    return objections(findings);
  };
  EXPECT_EQ(with(intel.pck()), Objections{});
  EXPECT_EQ(with(intel.issue_pck({.ca = true, .key_usage = {0, 5, 6}})), Objections{"failed PCK chain"});
  EXPECT_EQ(with(intel.issue_pck({.key_usage = {6}})), Objections{"failed PCK chain"});
  EXPECT_EQ(with(intel.issue_pck({.key_usage = {0, 1}})), Objections{});
  // Another authority under the root, for something that is none of this.
  const Bytes extension = testing::encode_pck_extensions(intel.platform);
  const std::vector<testing::FakeExtension> extensions = {{testing::oid("1.2.840.113741.1.13.1"), extension}};
  testing::FakeCa other = intel.root.issue_ca("CN=Intel Something CA,O=Intel Corporation", {.key_slot = 91});
  EXPECT_EQ(with(other.issue("CN=Intel SGX PCK Certificate", {.extensions = extensions}), &other),
            Objections{"failed PCK chain"});
  EXPECT_EQ(
      with(intel.processor_ca.issue("CN=Intel SGX PCK Certificate", {.extensions = extensions}), &intel.processor_ca),
      Objections{});
}

// An authority that took the signer's name signs nothing.
TEST(IntelQuote, TcbSignersThatMayNotSign) {
  FakeIntel intel;
  const auto by = [&](testing::FakeOptions options) {
    options.key_slot = 79;
    intel.tcb_signer = intel.root.issue("CN=Intel SGX TCB Signing,O=Intel Corporation", options);
    return objections(verify_quote(intel.quote(), intel.collateral(), intel.anchors()));
  };
  EXPECT_EQ(by({}), Objections{});
  EXPECT_EQ(by({.key_usage = {0, 1}}), Objections{});
  EXPECT_EQ(by({.ca = true, .key_usage = {0, 5}}), Objections{"failed TCB signing chain"});
  EXPECT_EQ(by({.key_usage = {6}}), Objections{"failed TCB signing chain"});
}

TEST(IntelQuote, Revocation) {
  FakeIntel intel;
  const Bytes serial = to_bytes(intel.pck().certificate.serial());
  EXPECT_EQ(objections(verify_fake(intel, {}, {.revoked_pcks = {{.serial = serial}}})), Objections{"failed PCK chain"});
  const Bytes ca = to_bytes(intel.pck_ca.certificate().serial());
  EXPECT_EQ(objections(verify_fake(intel, {}, {.revoked_by_root = {{.serial = ca}}})), Objections{"failed PCK chain"});
  const Bytes signer = to_bytes(intel.tcb_signer.certificate.serial());
  EXPECT_EQ(objections(verify_fake(intel, {}, {.revoked_by_root = {{.serial = signer}}})),
            Objections{"failed TCB signing chain"});
  EXPECT_EQ(objections(verify_fake(intel, {}, {.lists = false})),
            (Objections{"missing PCK chain", "missing TCB signing chain"}));
  EXPECT_EQ(objections(verify_fake(intel, {}, {.list_options = {.next_update = kFakeNow - 1}})),
            (Objections{"out of time PCK chain", "out of time TCB signing chain"}));
}

TEST(IntelQuote, MissingCollateral) {
  FakeIntel intel;
  const Findings no_info = verify_fake(intel, {}, {.tcb_info = false});
  EXPECT_EQ(objections(no_info), Objections{"missing TCB info"});
  EXPECT_TRUE(text_of(no_info).contains("/sgx/certification/v4/tcb?fmspc=f0f0f0f0f0f0")) << text_of(no_info);
  EXPECT_EQ(no_info.claims.tcb_status, TcbStatus::kUnknown);
  const Findings no_identity = verify_fake(intel, {.version = 4, .tdx = true}, {.identity = false});
  EXPECT_EQ(objections(no_identity), Objections{"missing QE identity"});
  EXPECT_TRUE(text_of(no_identity).contains("/tdx/certification/v4/qe/identity"));
  EXPECT_EQ(no_identity.claims.tcb_status, TcbStatus::kUnknown);
  EXPECT_EQ(objections(verify_fake(intel, {}, {.signer = false})),
            (Objections{"missing QE identity signature", "missing TCB info signature"}));
  EXPECT_EQ(objections(verify_fake(intel, {}, {.info = [](TcbInfo& info) { info.fmspc[0] = std::byte{1}; }})),
            Objections{"missing TCB info"});
  EXPECT_EQ(objections(verify_fake(intel, {}, {.info = [](TcbInfo& info) { info.pce_id[0] = std::byte{1}; }})),
            Objections{"missing TCB info"});
  // TDX's TCB info and identity are none for SGX.
  const Findings swapped = verify_quote(intel.quote(), intel.collateral({.tdx = true}), intel.anchors());
  EXPECT_EQ(objections(swapped), (Objections{"missing QE identity", "missing TCB info"}));
}

TEST(IntelQuote, CollateralOutOfTime) {
  FakeIntel intel;
  const Findings old = verify_fake(intel, {}, {.info = [](TcbInfo& info) { info.next_update = kFakeNow - 1; }});
  EXPECT_EQ(objections(old), Objections{"out of time TCB info validity"});
  EXPECT_TRUE(text_of(old).contains("/sgx/certification/v4/tcb?fmspc=f0f0f0f0f0f0")) << text_of(old);
  EXPECT_EQ(old.claims.tcb_status, TcbStatus::kUpToDate);
  EXPECT_EQ(objections(verify_fake(intel, {}, {.qe = [](EnclaveIdentity& qe) { qe.issue_date = kFakeNow + 1; }})),
            Objections{"out of time QE identity validity"});
}

TEST(IntelQuote, CollateralByOthers) {
  FakeIntel intel;
  Collateral collateral = intel.collateral({.tcb_info = false, .identity = false});
  const SigningKey other = testing::fake_key(KeyType::kP256, 78);
  ASSERT_TRUE(collateral.add("info", as_bytes(intel.answer(intel.tcb_info(false), &other))));
  ASSERT_TRUE(collateral.add("qe", as_bytes(intel.answer(intel.identity(false), &intel.pck().key))));
  const Findings findings = verify_quote(intel.quote(), collateral, intel.anchors());
  EXPECT_EQ(objections(findings), (Objections{"failed QE identity signature", "failed TCB info signature"}));
  EXPECT_EQ(findings.claims.tcb_status, TcbStatus::kUnknown);
  // A signer of that name whom a PCK CA made, or anybody: the chain is too long, or leads nowhere.
  const auto by = [&](const testing::FakeIdentity& signer) {
    Collateral forged = intel.collateral({.tcb_info = false, .signer = false});
    forged.add(signer.certificate);
    forged.add(intel.pck_ca.certificate());
    EXPECT_TRUE(forged.add("info", as_bytes(intel.answer(intel.tcb_info(false), &signer.key))));
    EXPECT_TRUE(forged.add("qe", as_bytes(intel.answer(intel.identity(false), &signer.key))));
    return verify_quote(intel.quote(), forged, intel.anchors());
  };
  const Findings by_pck_ca = by(intel.pck_ca.issue("CN=Intel SGX TCB Signing", {.key_slot = 79}));
  EXPECT_EQ(by_pck_ca.claims.tcb_status, TcbStatus::kUnknown);
  EXPECT_TRUE(std::ranges::count(objections(by_pck_ca), "failed TCB signing chain") == 1) << text_of(by_pck_ca);
  const Findings by_anybody =
      by(testing::FakeCa::root("CN=Anybody").issue("CN=Intel SGX TCB Signing", {.key_slot = 79}));
  EXPECT_EQ(by_anybody.claims.tcb_status, TcbStatus::kUnknown);
}

// Of several, the one in force with the highest evaluation number.
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
      const Findings missing = verify_quote(quote, collateral, intel.anchors());
      EXPECT_EQ(objections(missing), Objections{"missing PCK certificate"}) << text_of(missing);
      EXPECT_TRUE(text_of(missing).contains("pceid=0000")) << text_of(missing);
      collateral.add(FakeIntel(40).pck().certificate);  // another platform's
      EXPECT_EQ(objections(verify_quote(quote, collateral, intel.anchors())), Objections{"missing PCK certificate"});
      collateral.add(intel.pck().certificate);
    }
    const Findings findings = verify_quote(quote, collateral, intel.anchors());
    EXPECT_EQ(objections(findings), Objections{}) << text_of(findings);
    EXPECT_EQ(findings.claims.tcb_status, TcbStatus::kUpToDate);
  }
}

TEST(IntelQuote, HeldData) {
  FakeIntel intel;
  const Bytes held = to_bytes("the key of this enclave");
  const auto with = [&](const Bytes& claimed) {
    Findings findings = verify_fake(intel, {.report = [&](std::span<std::byte> report) {
                                      std::ranges::fill(report.subspan(320), std::byte{0});
                                      std::ranges::copy(sha256(held), report.subspan(320).begin());
                                    }});
    verify_held_data({claimed}, findings);
    return objections(findings);
  };
  EXPECT_EQ(with(held), Objections{});
  EXPECT_EQ(with(to_bytes("another")), Objections{"failed held data"});
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
    EXPECT_EQ(objections(verify_sgx_quote(parse_sgx_quote(bad).value(), context)),
              Objections{"failed quote signature"});
  }
}

}  // namespace
}  // namespace adyton
