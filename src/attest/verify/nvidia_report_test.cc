// SPDX-License-Identifier: Apache-2.0
// What real evidence does not offer: devices that are revoked, expired, of another maker, with other firmware.
#include "attest/verify/nvidia_report.h"

#include <gtest/gtest.h>

#include "attest/verify/composite.h"
#include "attest/verify/dice.h"
#include "attest/verify/nvidia_rim.h"
#include "crypto/crypto.h"
#include "testing/fake_nvidia.h"
#include "testing/findings.h"

namespace adyton {
namespace {

using testing::FakeNvidiaDevice;
using testing::FakeNvidiaReport;
using testing::has;
using testing::kFakeDay;
using testing::kFakeNow;
using testing::worst_of;

const Bytes kFirmware(48, std::byte{0x77});

class NvidiaDevice : public ::testing::Test {
 protected:
  void use(const FakeNvidiaDevice& device) {
    anchors_.certificates = {{AnchorUse::kNvidiaDevice, device.root.certificate()}};
  }
  static std::string entry(const FakeNvidiaDevice& device, const FakeNvidiaReport& report,
                           std::optional<Bytes> nonce = {}) {
    const Bytes bytes = testing::fake_nvidia_report(report, device.attestation.key);
    return testing::fake_nvidia_entry(bytes, device, nonce.value_or(report.nonce));
  }
  static Bytes evidence(const FakeNvidiaDevice& device, const FakeNvidiaReport& report,
                        std::optional<Bytes> nonce = {}) {
    return to_bytes("[" + entry(device, report, std::move(nonce)) + "]");
  }
  Findings verify(const Bytes& bytes, std::int64_t now = kFakeNow) {
    return verify_nvidia_evidence(parse_nvidia_evidence(bytes).value(), {collateral_, anchors_, now});
  }
  Collateral collateral_;
  TrustAnchors anchors_;
};

TEST_F(NvidiaDevice, Genuine) {
  for (const bool newer : {false, true}) {
    const FakeNvidiaDevice device = testing::fake_nvidia_device(kFirmware, {.newer = newer});
    use(device);
    const Findings findings = verify(evidence(device, testing::fake_gpu_report(kFirmware)));
    EXPECT_EQ(worst_of(findings), Outcome::kPassed) << testing::text_of(findings);
    EXPECT_TRUE(has(findings, kNvidiaFirmware, Outcome::kPassed));
    EXPECT_EQ(has(findings, kNvidiaDevice, Outcome::kPassed), !newer);
    EXPECT_EQ(findings.claims.platform, "nvidia-gpu");
    EXPECT_EQ(findings.claims.measurement, kFirmware);
    EXPECT_EQ(findings.claims.report_data, Bytes(32, std::byte{0x11}));
    EXPECT_EQ(findings.claims.hardware_model, "Fake GPU FMC");
    EXPECT_EQ(findings.claims.boot_chain.size(), 64u);
  }
}

TEST_F(NvidiaDevice, OfNobodyWhoIsTrusted) {
  const FakeNvidiaDevice device = testing::fake_nvidia_device(kFirmware);
  const Findings findings = verify(evidence(device, testing::fake_gpu_report(kFirmware)));
  EXPECT_EQ(worst_of(findings), Outcome::kFailed);
  EXPECT_FALSE(has(findings, kNvidiaSignature, Outcome::kPassed));
  anchors_.certificates = {{AnchorUse::kNvidiaRim, device.root.certificate()}};
  EXPECT_EQ(worst_of(verify(evidence(device, testing::fake_gpu_report(kFirmware)))), Outcome::kFailed)
      << "an anchor for something else";
}

TEST_F(NvidiaDevice, WithAnothersSignature) {
  const FakeNvidiaDevice device = testing::fake_nvidia_device(kFirmware);
  use(device);
  const FakeNvidiaReport fake = testing::fake_gpu_report(kFirmware);
  const Bytes report = testing::fake_nvidia_report(fake, testing::fake_key(KeyType::kP384, 9));
  const Findings findings = verify(to_bytes("[" + testing::fake_nvidia_entry(report, device, fake.nonce) + "]"));
  EXPECT_TRUE(has(findings, kNvidiaSignature, Outcome::kFailed)) << testing::text_of(findings);
}

TEST_F(NvidiaDevice, WithOtherFirmwareThanCertified) {
  for (const bool newer : {false, true}) {
    const FakeNvidiaDevice device = testing::fake_nvidia_device(kFirmware, {.newer = newer});
    use(device);
    const Findings findings = verify(evidence(device, testing::fake_gpu_report(Bytes(48, std::byte{0x78}))));
    EXPECT_TRUE(has(findings, kNvidiaFirmware, Outcome::kFailed)) << testing::text_of(findings);
  }
}

TEST_F(NvidiaDevice, WithAnotherDevicesKeyInItsCertificate) {
  const Bytes other = to_bytes(testing::fake_key(KeyType::kP384, 8).verifying_key().spki());
  const FakeNvidiaDevice device = testing::fake_nvidia_device(kFirmware, {.device_spki = other});
  use(device);
  EXPECT_TRUE(has(verify(evidence(device, testing::fake_gpu_report(kFirmware))), kNvidiaDevice, Outcome::kFailed));
}

TEST_F(NvidiaDevice, ExpiredOrRevoked) {
  FakeNvidiaDevice device = testing::fake_nvidia_device(kFirmware);
  use(device);
  const Bytes bytes = evidence(device, testing::fake_gpu_report(kFirmware));
  EXPECT_EQ(worst_of(verify(bytes, kFakeNow + 400 * kFakeDay)), Outcome::kOutOfTime);
  EXPECT_EQ(worst_of(verify(bytes, kFakeNow - 400 * kFakeDay)), Outcome::kOutOfTime);
  collateral_.add(device.root.revoke({{to_bytes(device.device.certificate().serial())}}));
  const Findings findings = verify(bytes);
  EXPECT_TRUE(has(findings, kNvidiaChain, Outcome::kFailed)) << testing::text_of(findings);
}

TEST_F(NvidiaDevice, WithAKeyOfAnotherType) {
  const FakeNvidiaDevice device = testing::fake_nvidia_device(kFirmware, {.leaf = {.key = KeyType::kP521}});
  use(device);
  const FakeNvidiaReport fake = testing::fake_gpu_report(kFirmware);
  const Bytes report = testing::fake_nvidia_report(fake, testing::fake_key(KeyType::kP384));
  const Findings findings = verify(to_bytes("[" + testing::fake_nvidia_entry(report, device, fake.nonce) + "]"));
  EXPECT_TRUE(has(findings, kNvidiaSignature, Outcome::kFailed));
}

TEST_F(NvidiaDevice, WhatStandsBesideItHasToAgree) {
  const FakeNvidiaDevice device = testing::fake_nvidia_device(kFirmware);
  use(device);
  const FakeNvidiaReport fake = testing::fake_gpu_report(kFirmware);
  EXPECT_TRUE(has(verify(evidence(device, fake, Bytes(32, std::byte{0x12}))), kNvidiaNonce, Outcome::kFailed));
  std::string text(as_text(evidence(device, fake)));
  text.insert(text.size() - 2, R"(,"driver_version":"550.2")");
  EXPECT_TRUE(has(verify(to_bytes(text)), kNvidiaVersions, Outcome::kFailed));
}

TEST_F(NvidiaDevice, SeveralDevicesAnswerOneNonce) {
  const FakeNvidiaDevice device = testing::fake_nvidia_device(kFirmware);
  use(device);
  FakeNvidiaReport fake = testing::fake_gpu_report(kFirmware);
  const std::string first = entry(device, fake);
  const FakeNvidiaDevice another = testing::fake_nvidia_device(kFirmware, {.leaf = {.key_slot = 7}});
  const std::string second = entry(another, fake);
  anchors_.certificates.push_back({AnchorUse::kNvidiaDevice, another.root.certificate()});
  Findings findings = verify(to_bytes("[" + first + "," + second + "]"));
  EXPECT_EQ(worst_of(findings), Outcome::kPassed) << testing::text_of(findings);
  EXPECT_FALSE(has(findings, kNvidiaDevice, Outcome::kNoted));
  EXPECT_EQ(findings.parts.size(), 2u);
  fake.nonce[0] ^= std::byte{1};
  findings = verify(to_bytes("[" + first + "," + entry(device, fake) + "]"));
  EXPECT_TRUE(has(findings, kNvidiaNonce, Outcome::kFailed));
  EXPECT_TRUE(findings.claims.report_data.empty());
}

TEST_F(NvidiaDevice, OneIsNotTwo) {
  const FakeNvidiaDevice device = testing::fake_nvidia_device(kFirmware);
  use(device);
  FakeNvidiaReport fake = testing::fake_gpu_report(kFirmware);
  const std::string first = entry(device, fake);
  fake.measurements[3][0] ^= std::byte{1};  // asked again, it says something else
  EXPECT_TRUE(has(verify(to_bytes("[" + first + "," + first + "]")), kNvidiaDevice, Outcome::kNoted));
  EXPECT_TRUE(has(verify(to_bytes("[" + first + "," + entry(device, fake) + "]")), kNvidiaDevice, Outcome::kNoted));
}

TEST_F(NvidiaDevice, AReportAloneFindsItsCertificates) {
  const FakeNvidiaDevice device = testing::fake_nvidia_device(kFirmware);
  use(device);
  const Bytes report = testing::fake_nvidia_report(testing::fake_gpu_report(kFirmware), device.attestation.key);
  EXPECT_TRUE(has(verify(report), kNvidiaChain, Outcome::kMissing));
  collateral_.add(device.device.certificate());
  EXPECT_TRUE(has(verify(report), kNvidiaChain, Outcome::kMissing));
  collateral_.add(device.attestation.certificate);
  EXPECT_EQ(worst_of(verify(report)), Outcome::kPassed) << testing::text_of(verify(report));
}

class NvidiaManifest : public NvidiaDevice {
 protected:
  NvidiaManifest()
      : device_(testing::fake_nvidia_device(kFirmware)),
        rims_(testing::FakeCa::root("Fake RIM root", {.key = KeyType::kP384})) {
    use(device_);
    anchors_.certificates.push_back({AnchorUse::kNvidiaRim, rims_.certificate()});
  }
  static std::vector<Bytes> values(std::initializer_list<unsigned> numbers) {
    std::vector<Bytes> out;
    for (const unsigned number : numbers) out.emplace_back(48, static_cast<std::byte>(number));
    return out;
  }
  Findings verify_with(const std::string& manifest) {
    collateral_.add_document("manifest", to_bytes(manifest));
    return verify(evidence(device_, testing::fake_gpu_report(kFirmware)));
  }
  FakeNvidiaDevice device_;
  testing::FakeCa rims_;
};

TEST_F(NvidiaManifest, ValuesAsTheyShouldBe) {
  const Findings findings =
      verify_with(testing::fake_nvidia_rim({.values = {{0, values({9, 1})}, {6, values({7})}}}, rims_));
  EXPECT_EQ(worst_of(findings), Outcome::kPassed) << testing::text_of(findings);
  EXPECT_TRUE(has(findings, kNvidiaReference, Outcome::kPassed));
  EXPECT_TRUE(has(findings.parts.at(0).findings, kRimSignature, Outcome::kPassed));
}

TEST_F(NvidiaManifest, AnotherValue) {
  const Findings findings =
      verify_with(testing::fake_nvidia_rim({.values = {{0, values({1})}, {6, values({8})}}}, rims_));
  EXPECT_TRUE(has(findings, kNvidiaReference, Outcome::kFailed)) << testing::text_of(findings);
}

TEST_F(NvidiaManifest, OfAnEngineThatIsOff) {  // NVDEC0 is off in the report, so its measurement is of no account
  const Findings findings =
      verify_with(testing::fake_nvidia_rim({.values = {{35, values({1})}, {6, values({7})}}}, rims_));
  EXPECT_EQ(worst_of(findings), Outcome::kPassed) << testing::text_of(findings);
}

TEST_F(NvidiaManifest, OfAnotherVersionIsNotUsed) {
  const Findings findings =
      verify_with(testing::fake_nvidia_rim({.version = "550.2", .values = {{6, values({8})}}}, rims_));
  EXPECT_TRUE(has(findings, kNvidiaReference, Outcome::kNoted));
  EXPECT_EQ(worst_of(findings), Outcome::kPassed);
}

// One version of the driver has a manifest for each chip: a folder with all of them made every device wrong.
TEST_F(NvidiaManifest, OfAnotherChipIsNotUsed) {
  collateral_.add_document("other",
                           to_bytes(testing::fake_nvidia_rim({.chip = "GB100", .values = {{6, values({8})}}}, rims_)));
  const Findings findings = verify_with(testing::fake_nvidia_rim({.values = {{6, values({7})}}}, rims_));
  EXPECT_EQ(worst_of(findings), Outcome::kPassed) << testing::text_of(findings);
  EXPECT_EQ(findings.parts.size(), 1u);
}

TEST_F(NvidiaManifest, TwoOfThemMustNotSpeakOfTheSame) {
  collateral_.add_document(
      "VBIOS", to_bytes(testing::fake_nvidia_rim({.version = "96.00.9F.00.01", .values = {{6, values({7})}}}, rims_)));
  const Findings findings = verify_with(testing::fake_nvidia_rim({.values = {{6, values({7})}}}, rims_));
  EXPECT_TRUE(has(findings, kNvidiaReference, Outcome::kFailed));
  EXPECT_EQ(findings.parts.size(), 2u);
}

TEST_F(NvidiaManifest, AlteredOrOfNobody) {
  std::string altered = testing::fake_nvidia_rim({.values = {{6, values({7})}}}, rims_);
  altered.replace(altered.find("alternatives"), 0, " ");  // only white space in a tag: the same canonical form
  EXPECT_EQ(worst_of(verify_with(altered)), Outcome::kPassed);
  collateral_ = {};
  const std::string added =
      testing::fake_nvidia_rim({.values = {{6, values({7})}}, .unsigned_extra = "<Payload></Payload>"}, rims_);
  EXPECT_TRUE(has(verify_with(added), kNvidiaReference, Outcome::kFailed)) << "two payloads";
  collateral_ = {};
  const std::string text = testing::fake_nvidia_rim({.values = {{6, values({7})}}, .unsigned_extra = " "}, rims_);
  Findings findings = verify_with(text);
  EXPECT_TRUE(has(findings.parts.at(0).findings, kRimSignature, Outcome::kFailed));
  collateral_ = {};
  anchors_.certificates.pop_back();
  findings = verify_with(testing::fake_nvidia_rim({.values = {{6, values({7})}}}, rims_));
  EXPECT_FALSE(has(findings.parts.at(0).findings, kRimSignature, Outcome::kPassed));
  EXPECT_NE(worst_of(findings), Outcome::kPassed);
}

TEST_F(NvidiaManifest, EveryTruncationIsRefused) {
  const std::string text = testing::fake_nvidia_rim({.values = {{6, values({7})}}}, rims_);
  for (std::size_t size = 0; size + 1 < text.size(); ++size)
    EXPECT_FALSE(parse_nvidia_rim(as_bytes(text.substr(0, size)))) << size;
  EXPECT_TRUE(looks_like_nvidia_rim(as_bytes(text)));
}

TEST(Dice, WhatIsNoIdentity) {
  testing::FakeCa root = testing::FakeCa::root("Root");
  const auto with = [&](const char* hex) {
    return root.issue("Leaf", {.extensions = {{testing::oid("2.23.133.5.4.1"), parse_hex(hex).value()}}}).certificate;
  };
  EXPECT_FALSE(dice_identity_of(root.issue("Leaf").certificate).value().has_value());
  for (const char* hex : {"3000", "3003020101", "300302010230003000", "04020000", "30020400"}) {
    EXPECT_FALSE(dice_identity_of(with(hex))) << hex;
  }
}

TEST(Composite, HowEvidenceIsBound) {
  const Bytes report = to_bytes("a report of some GPU");
  Claims cpu, gpu;
  gpu.report_data = Bytes(32, std::byte{0x33});
  const auto digest_with_zeros = [](BytesView of) {
    Bytes out = to_bytes(sha256(of));
    out.resize(64);
    return out;
  };
  EXPECT_FALSE(find_binding(cpu, gpu, report));
  cpu.report_data = Bytes(64, std::byte{0});
  EXPECT_FALSE(find_binding(cpu, gpu, report));
  cpu.report_data = digest_with_zeros(report);
  EXPECT_EQ(find_binding(cpu, gpu, report), Binding::kWholeHoldsPart);
  cpu.report_data = to_bytes(sha512(report));
  EXPECT_EQ(find_binding(cpu, gpu, report), Binding::kWholeHoldsPart);
  cpu.report_data = digest_with_zeros(gpu.report_data);
  EXPECT_EQ(find_binding(cpu, gpu, report), Binding::kWholeHoldsPart);
  cpu.report_data.back() = std::byte{1};
  EXPECT_FALSE(find_binding(cpu, gpu, report));
  cpu.report_data = Bytes(64, std::byte{0x44});
  gpu.report_data = to_bytes(sha256(cpu.report_data));
  EXPECT_EQ(find_binding(cpu, gpu, report), Binding::kPartHoldsWhole);
  gpu.report_data = Bytes(32, std::byte{0x33});
  cpu.report_data = gpu.report_data;
  cpu.report_data.resize(64);
  EXPECT_EQ(find_binding(cpu, gpu, report), Binding::kSameChallenge);
  gpu.report_data.resize(31);
  EXPECT_FALSE(find_binding(cpu, gpu, report)) << "too short to mean anything";
}

TEST(Composite, TheCheckSaysIt) {
  const Bytes report = to_bytes("a report");
  Findings bound, unbound, fresh, part;
  part.claims.report_data = Bytes(32, std::byte{0x33});
  bound.claims.report_data = to_bytes(sha384(report));
  fresh.claims.report_data = part.claims.report_data;
  EXPECT_TRUE(add_bound_part(bound, "gpu", part, report));
  EXPECT_TRUE(add_bound_part(fresh, "gpu", part, report));
  EXPECT_FALSE(add_bound_part(unbound, "gpu", part, report));
  EXPECT_TRUE(has(bound, kBinding, Outcome::kPassed));
  EXPECT_TRUE(has(fresh, kBinding, Outcome::kNoted));
  EXPECT_TRUE(has(unbound, kBinding, Outcome::kFailed));
  EXPECT_EQ(bound.parts.size(), 1u);
}

}  // namespace
}  // namespace adyton
