// SPDX-License-Identifier: Apache-2.0
// Real reports of NVIDIA's devices and real manifests, as their index says they have to come out.
#include "attest/verify/nvidia_report.h"

#include <map>
#include <set>

#include <gtest/gtest.h>

#include "attest/json.h"
#include "attest/verify/nvidia_rim.h"
#include "testing/evidence_files.h"
#include "testing/findings.h"

namespace adyton {
namespace {

using testing::has;
using testing::worst_of;

constexpr std::int64_t kDay = 86'400;
constexpr std::int64_t kMid2025 = 1'750'000'000;  // 2025-06-15; device certificates hold from 2020 to 9999

class NvidiaEvidenceFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::evidence_folder();
    if (!folder_) GTEST_SKIP() << "no real evidence here: set ADYTON_EVIDENCE to a folder that has it";
    const Bytes text = testing::read_evidence(*folder_ / "INDEX.json");
    const Json index = parse_json(as_text(text)).value();
    for (const Json& entry : index) {
      const std::string path(*text_of(find(&entry, "path")));
      if (path.starts_with("nvidia/") && !path.starts_with("nvidia/eat/"))
        index_[path] = *boolean_of(find(&entry, "neg"));
    }
  }
  Bytes read(const std::string& name) { return testing::read_evidence(*folder_ / name); }
  Findings verify(const Bytes& evidence, const Collateral& collateral, std::int64_t now = kMid2025) {
    const auto parsed = parse_nvidia_evidence(evidence);
    EXPECT_TRUE(parsed) << parsed.error().message;
    if (!parsed) return {};
    return verify_nvidia_evidence(*parsed, {collateral, TrustAnchors::vendors(), now, &seen_});
  }
  std::optional<std::filesystem::path> folder_;
  std::map<std::string, bool> index_;  // path: must not verify
  SeenSignatures seen_;
};

constexpr std::string_view kReports[] = {"blackwell-sdk-575.32", "hopper-nvtrust-550.90.07", "hopper-sdk-535.86.09",
                                         "hopper-sdk-580",       "hopper-trustee-coco1",     "hopper-NEG-badsig"};

// Everything in the index is in one of these tests.
TEST_F(NvidiaEvidenceFiles, TheIndexHasNothingElse) {
  std::set<std::string> known = {"nvidia/attestation-sdk-hopper_evidence.json",
                                 "nvidia/attestation-sdk-hopper_evidence_cert_hold.json",
                                 "nvidia/attestation-sdk-multi_gpu_hopper.json",
                                 "nvidia/attestation-sdk-multi_switch_ls10.json",
                                 "nvidia/nvtrust-gpu_evidence.json",
                                 "nvidia/services-blackwell-evidence.json",
                                 "nvidia/nvtrust-verifier_device_root.pem",
                                 "nvidia/rim/attestation-sdk-NV_GPU_DRIVER_GH100_550.144.03.xml",
                                 "nvidia/rim/attestation-sdk-NV_GPU_DRIVER_GH100_570.124.03_expired.xml",
                                 "nvidia/rim/attestation-sdk-PU_DRIVER_GH100_535.86.09_measurement_mismatch.xml",
                                 "nvidia/rim/attestation-sdk-incorrect_signature_driver_rim.xml",
                                 "nvidia/rim/attestation-sdk-rim_root.crt",
                                 "nvidia/rim/attestation-sdk-incorrect_rim_root.crt"};
  for (const std::string_view name : kReports) {
    known.insert("nvidia/" + std::string(name) + ".report.txt");
    known.insert("nvidia/" + std::string(name) + ".certs.txt");
  }
  for (const auto& [path, negative] : index_) EXPECT_TRUE(known.contains(path)) << path;
}

TEST_F(NvidiaEvidenceFiles, ReportsWithTheirCertificates) {
  for (const std::string_view name : kReports) {
    const std::string path = "nvidia/" + std::string(name);
    Collateral collateral;
    ASSERT_TRUE(collateral.add("certificates", read(path + ".certs.txt")));
    const Findings findings = verify(read(path + ".report.txt"), collateral);
    if (index_.at(path + ".report.txt")) {
      // Its certificates are in order, but they are another device's: key and firmware do not fit the report.
      EXPECT_TRUE(has(findings, kNvidiaChain, Outcome::kPassed)) << testing::text_of(findings);
      EXPECT_TRUE(has(findings, kNvidiaSignature, Outcome::kFailed)) << testing::text_of(findings);
    } else {
      EXPECT_EQ(worst_of(findings), Outcome::kPassed) << name << "\n" << testing::text_of(findings);
      // Reports did not name their firmware from the start.
      const bool old = name == "hopper-sdk-535.86.09";
      EXPECT_TRUE(has(findings, kNvidiaFirmware, old ? Outcome::kNoted : Outcome::kPassed)) << name;
      EXPECT_EQ(findings.claims.measurement.size(), old ? 0u : 48u);
      EXPECT_EQ(findings.chain.size(), 5u);
    }
    // Without the certificates, it is said what is missing.
    EXPECT_TRUE(has(verify(read(path + ".report.txt"), {}), kNvidiaChain, Outcome::kMissing));
  }
}

TEST_F(NvidiaEvidenceFiles, ListsOfDevices) {
  const std::pair<std::string_view, std::size_t> lists[] = {{"attestation-sdk-hopper_evidence.json", 1},
                                                            {"attestation-sdk-hopper_evidence_cert_hold.json", 1},
                                                            {"attestation-sdk-multi_gpu_hopper.json", 4},
                                                            {"attestation-sdk-multi_switch_ls10.json", 4},
                                                            {"nvtrust-gpu_evidence.json", 8},
                                                            {"services-blackwell-evidence.json", 1}};
  for (const auto& [name, devices] : lists) {
    const Bytes bytes = read("nvidia/" + std::string(name));
    EXPECT_TRUE(looks_like_nvidia_evidence(bytes));
    const Findings findings = verify(bytes, {});
    EXPECT_EQ(worst_of(findings), Outcome::kPassed) << name << "\n" << testing::text_of(findings);
    EXPECT_EQ(findings.parts.size(), devices == 1 ? 0 : devices);
    EXPECT_EQ(findings.claims.report_data.size(), 32u);
  }
}

// "device cert on certificateHold in OCSP": nobody is asked here, and the findings say so.
TEST_F(NvidiaEvidenceFiles, ThatOcspWasNotAskedIsSaid) {
  const Findings findings = verify(read("nvidia/attestation-sdk-hopper_evidence_cert_hold.json"), {});
  EXPECT_TRUE(has(findings, kNvidiaRevocation, Outcome::kNoted));
}

TEST_F(NvidiaEvidenceFiles, TheRootIsTheOneBuiltIn) {
  const Bytes bytes = read("nvidia/nvtrust-verifier_device_root.pem");
  const auto blocks = parse_pem_blocks(as_text(bytes));
  ASSERT_TRUE(blocks);
  EXPECT_TRUE(TrustAnchors::vendors().has(AnchorUse::kNvidiaDevice, Certificate::parse((*blocks)[0].der).value()));
}

// What NVIDIA's own parser makes of the report.
TEST_F(NvidiaEvidenceFiles, TheReportReadsAsNvidiaReadsIt) {
  const NvidiaReport report = parse_nvidia_evidence(read("nvidia/hopper-sdk-580.report.txt")).value().devices[0].report;
  const Bytes text = read("nvidia/eat/attestation-sdk-spdm_parsed_output.json");
  const Json json = parse_json(as_text(text)).value();
  const auto hex = [](const Json* value) {
    const auto found = text_of(value);
    return found ? parse_hex(found->substr(2)).value() : Bytes();
  };
  EXPECT_EQ(to_hex(report.responder_nonce), to_hex(hex(find(&json, "Nonce"))));
  EXPECT_EQ(to_hex(report.signature()), to_hex(hex(find(&json, "Signature"))));
  const Json* blocks = find(find(&json, "MeasurementRecord"), "MeasurementBlocks");
  ASSERT_EQ(blocks->size(), report.measurements.size());
  for (const auto& [index, block] : blocks->items()) {
    const auto* measurement = report.find_measurement(static_cast<std::uint8_t>(std::stoi(index)));
    ASSERT_TRUE(measurement);
    EXPECT_EQ(measurement->value, hex(find(&block, "DMTFSpecMeasurementValue"))) << index;
    EXPECT_EQ(measurement->type, integer_of(find(&block, "DMTFSpecMeasurementValueType")));
  }
  const Json* fields = find(find(&json, "OpaqueData"), "OpaqueDataField");
  // Their parser's output leaves these two out.
  EXPECT_TRUE(report.find(NvidiaField::kOpaqueDataVersion) && report.find(NvidiaField::kFeatureFlag));
  EXPECT_EQ(fields->size(), report.fields.size() - 2);
  for (const NvidiaReport::Field& field : report.fields) {
    if (field.field == NvidiaField::kOpaqueDataVersion || field.field == NvidiaField::kFeatureFlag) continue;
    const Json* value = find(fields, "OPAQUE_FIELD_ID_" + name_of(field.field));
    ASSERT_TRUE(value) << name_of(field.field);
    if (value->is_string()) {
      EXPECT_EQ(field.value, hex(value)) << name_of(field.field);
    }
  }
  EXPECT_EQ(report.vbios_version(), "96.00.74.00.20");
  EXPECT_EQ(report.text(NvidiaField::kDriverVersion), "580.159.03");
}

Outcome verify_manifest(const Bytes& bytes, const TrustAnchors& anchors, std::int64_t now, Findings& findings) {
  const auto rim = parse_nvidia_rim(bytes);
  EXPECT_TRUE(rim) << rim.error().message;
  if (!rim) return Outcome::kFailed;
  const Collateral nothing;
  verify_nvidia_rim(*rim, {nothing, anchors, now}, findings);
  return worst_of(findings);
}

// Of the index's manifests that must not verify, two are named for something else but were altered after they were
// signed (libxml2's canonical form has the same digest as ours, and it is not the one that is signed): the "expired"
// one, which has been given a certificate of one day, and the "measurement mismatch" one.
TEST_F(NvidiaEvidenceFiles, Manifests) {
  const std::string prefix = "nvidia/rim/attestation-sdk-";
  const auto verify_at = [&](const std::string& name, std::int64_t now, Findings& findings) {
    return verify_manifest(read(prefix + name), TrustAnchors::vendors(), now, findings);
  };
  Findings good, late, expired, mismatched, altered;
  EXPECT_EQ(verify_at("NV_GPU_DRIVER_GH100_550.144.03.xml", kMid2025, good), Outcome::kPassed)
      << testing::text_of(good);
  EXPECT_EQ(verify_at("NV_GPU_DRIVER_GH100_550.144.03.xml", kMid2025 + 3 * 365 * kDay, late), Outcome::kOutOfTime)
      << testing::text_of(late);
  EXPECT_EQ(verify_at("NV_GPU_DRIVER_GH100_570.124.03_expired.xml", kMid2025, expired), Outcome::kFailed);
  EXPECT_TRUE(has(expired, kRimChain, Outcome::kOutOfTime)) << testing::text_of(expired);
  EXPECT_TRUE(has(expired, kRimSignature, Outcome::kFailed)) << testing::text_of(expired);
  EXPECT_EQ(verify_at("PU_DRIVER_GH100_535.86.09_measurement_mismatch.xml", kMid2025, mismatched), Outcome::kFailed);
  EXPECT_TRUE(has(mismatched, kRimSignature, Outcome::kFailed)) << testing::text_of(mismatched);
  EXPECT_EQ(verify_at("incorrect_signature_driver_rim.xml", kMid2025, altered), Outcome::kFailed);
  EXPECT_TRUE(has(altered, kRimSignature, Outcome::kFailed)) << testing::text_of(altered);
}

TEST_F(NvidiaEvidenceFiles, ManifestRoots) {
  const auto root = [&](const std::string& name) {
    const Bytes bytes = read("nvidia/rim/attestation-sdk-" + name);
    return Certificate::parse(parse_pem_blocks(as_text(bytes)).value()[0].der).value();
  };
  EXPECT_TRUE(TrustAnchors::vendors().has(AnchorUse::kNvidiaRim, root("rim_root.crt")));
  EXPECT_FALSE(TrustAnchors::vendors().has(AnchorUse::kNvidiaRim, root("incorrect_rim_root.crt")));
  TrustAnchors wrong;
  wrong.certificates.push_back({AnchorUse::kNvidiaRim, root("incorrect_rim_root.crt")});
  Findings findings;
  EXPECT_NE(
      verify_manifest(read("nvidia/rim/attestation-sdk-NV_GPU_DRIVER_GH100_550.144.03.xml"), wrong, kMid2025, findings),
      Outcome::kPassed);
}

// The report of the driver 535.86.09 and a manifest whose values are others.
TEST_F(NvidiaEvidenceFiles, MeasurementsThatAreNotAsTheyShouldBe) {
  Collateral collateral;
  ASSERT_TRUE(collateral.add("certificates", read("nvidia/hopper-sdk-535.86.09.certs.txt")));
  collateral.add_document("manifest",
                          read("nvidia/rim/attestation-sdk-PU_DRIVER_GH100_535.86.09_measurement_mismatch.xml"));
  const Findings findings = verify(read("nvidia/hopper-sdk-535.86.09.report.txt"), collateral);
  EXPECT_TRUE(has(findings, kNvidiaReference, Outcome::kFailed)) << testing::text_of(findings);
}

// A flipped bit anywhere in a report is never genuine. But for one byte, everything is signed: the zero byte that some
// drivers append is not, and has to be zero.
TEST_F(NvidiaEvidenceFiles, EveryFlippedBitShows) {
  for (const std::string_view name : {"hopper-trustee-coco1", "blackwell-sdk-575.32"}) {
    const std::string path = "nvidia/" + std::string(name);
    Collateral collateral;
    ASSERT_TRUE(collateral.add("certificates", read(path + ".certs.txt")));
    const Bytes text = read(path + ".report.txt");
    const Bytes report = parse_hex(as_text(text)).value();
    for (std::size_t i = 0; i < report.size(); i += i + 8 < report.size() ? 7 : 1) {
      Bytes flipped = report;
      flipped[i] ^= std::byte{1};
      const auto parsed = parse_nvidia_evidence(flipped);
      if (!parsed) continue;
      const Findings findings =
          verify_nvidia_evidence(*parsed, {collateral, TrustAnchors::vendors(), kMid2025, &seen_});
      EXPECT_NE(worst_of(findings), Outcome::kPassed) << name << " byte " << i;
    }
  }
}

// In a manifest, what is not signed is the signature's KeyInfo: certificates after the signer's may be damaged as far
// as they are not needed, and white space within base64 is of no account.
TEST_F(NvidiaEvidenceFiles, EveryFlippedBitInAManifestShows) {
  const Bytes manifest = read("nvidia/rim/attestation-sdk-NV_GPU_DRIVER_GH100_550.144.03.xml");
  const std::size_t unsigned_from = as_text(manifest).find("<ds:KeyInfo>");
  ASSERT_NE(unsigned_from, std::string_view::npos);
  for (std::size_t i = 0; i < unsigned_from; i += 7) {
    Bytes flipped = manifest;
    flipped[i] ^= std::byte{1};
    const auto rim = parse_nvidia_rim(flipped);
    if (!rim) continue;
    Findings findings;
    const Collateral nothing;
    EXPECT_FALSE(verify_nvidia_rim(*rim, {nothing, TrustAnchors::vendors(), kMid2025, &seen_}, findings)) << i;
  }
}

}  // namespace
}  // namespace adyton
