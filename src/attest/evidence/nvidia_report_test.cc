// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/nvidia_report.h"

#include <gtest/gtest.h>

#include "base/base64.h"
#include "testing/fake_nvidia.h"

namespace adyton {
namespace {

using testing::FakeNvidiaReport;

const Bytes kFirmware(48, std::byte{0x77});

Bytes signed_report(const FakeNvidiaReport& report) {
  return testing::fake_nvidia_report(report, testing::fake_key(KeyType::kP384));
}

TEST(NvidiaReport, SaysWhatIsInIt) {
  const Bytes bytes = signed_report(testing::fake_gpu_report(kFirmware));
  EXPECT_TRUE(looks_like_nvidia_report(bytes));
  const auto report = parse_nvidia_report(bytes);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->bytes, bytes);
  EXPECT_EQ(report->signed_part().size() + report->signature().size(), bytes.size());
  EXPECT_EQ(report->measurements.size(), 64u);
  EXPECT_EQ(report->find_measurement(7)->value, Bytes(48, std::byte{7}));
  EXPECT_EQ(report->find_measurement(65), nullptr);
  EXPECT_EQ(report->text(NvidiaField::kDriverVersion), "550.1");
  EXPECT_EQ(report->vbios_version(), "96.00.9F.00.01");
  EXPECT_EQ(*report->find(NvidiaField::kFwid), kFirmware);
  EXPECT_EQ(report->text(NvidiaField::kChipInfo), "");
  EXPECT_EQ(name_of(NvidiaField::kFwid), "FWID");
  EXPECT_EQ(name_of(static_cast<NvidiaField>(99)), "FIELD_99");
}

TEST(NvidiaReport, OneZeroByteMayFollow) {
  Bytes bytes = signed_report(testing::fake_gpu_report(kFirmware));
  const std::size_t size = bytes.size();
  bytes.push_back(std::byte{0});
  ASSERT_TRUE(parse_nvidia_report(bytes));
  EXPECT_EQ(parse_nvidia_report(bytes)->bytes.size(), size);
  bytes.push_back(std::byte{0});
  EXPECT_FALSE(parse_nvidia_report(bytes));
  bytes.resize(size);
  bytes.push_back(std::byte{1});
  EXPECT_FALSE(parse_nvidia_report(bytes));
}

TEST(NvidiaReport, EveryTruncationIsRefused) {
  const Bytes bytes = signed_report(testing::fake_gpu_report(kFirmware));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(parse_nvidia_report(BytesView(bytes).first(size))) << size;
  }
}

TEST(NvidiaReport, FixedBytesAreFixed) {
  const Bytes bytes = signed_report(testing::fake_gpu_report(kFirmware));
  // Version, code, attributes, operation; slot against the response's; version, code, parameters, block count, length.
  for (const std::size_t offset : {0, 1, 2, 3, 36, 37, 38, 39, 40, 41, 42, 43, 44, 46, 47}) {
    Bytes changed = bytes;
    changed[offset] ^= std::byte{2};
    EXPECT_FALSE(parse_nvidia_report(changed)) << offset;
  }
}

TEST(NvidiaReport, NothingIsThereTwiceAndSomethingHasToBe) {
  FakeNvidiaReport report = testing::fake_gpu_report(kFirmware);
  report.fields.push_back(report.fields[0]);
  EXPECT_FALSE(parse_nvidia_report(signed_report(report)));
  report = testing::fake_gpu_report(kFirmware);
  report.measurements.clear();
  EXPECT_FALSE(parse_nvidia_report(signed_report(report)));
  report = testing::fake_gpu_report(kFirmware);
  Bytes bytes = signed_report(report);
  bytes[45 + 55] = std::byte{1};  // the second block's index
  EXPECT_FALSE(parse_nvidia_report(bytes));
  bytes[45 + 55] = std::byte{0};
  EXPECT_FALSE(parse_nvidia_report(bytes));
}

TEST(NvidiaEvidence, ItsForms) {
  const auto device = testing::fake_nvidia_device(kFirmware);
  const FakeNvidiaReport fake = testing::fake_gpu_report(kFirmware);
  const Bytes report = signed_report(fake);
  const std::string entry = testing::fake_nvidia_entry(report, device, fake.nonce);
  const auto list = parse_nvidia_evidence(as_bytes("[" + entry + "," + entry + "]\n"));
  ASSERT_TRUE(list) << list.error().message;
  ASSERT_EQ(list->devices.size(), 2u);
  EXPECT_EQ(list->devices[1].certificates.size(), 3u);
  EXPECT_EQ(list->devices[1].nonce, fake.nonce);
  EXPECT_EQ(list->devices[1].architecture, "HOPPER");
  EXPECT_EQ(parse_nvidia_evidence(report)->devices.size(), 1u);
  EXPECT_EQ(parse_nvidia_evidence(as_bytes(to_hex(report) + "\n"))->devices.size(), 1u);
  EXPECT_TRUE(looks_like_nvidia_evidence(as_bytes("[" + entry + "]")));
  EXPECT_TRUE(looks_like_nvidia_evidence(report));
  EXPECT_FALSE(looks_like_nvidia_evidence(as_bytes("[1,2]")));
}

TEST(NvidiaEvidence, RefusesWhatIsNoEvidence) {
  const auto device = testing::fake_nvidia_device(kFirmware);
  const FakeNvidiaReport fake = testing::fake_gpu_report(kFirmware);
  const std::string entry = testing::fake_nvidia_entry(signed_report(fake), device, fake.nonce);
  for (const std::string& bad :
       {std::string("[]"), std::string("[{}]"), std::string("[1]"), "[" + entry, "[" + entry + "," + "{}]",
        std::string(R"([{"evidence":"AAAA","certificate":"AAAA"}])"),
        std::string(R"([{"evidence":1,"certificate":2}])"), to_hex(signed_report(fake)) + "0",
        std::string("11e001ff")}) {
    EXPECT_FALSE(parse_nvidia_evidence(as_bytes(bad))) << bad.substr(0, 60);
  }
  std::string many = "[" + entry;
  for (int i = 0; i < 64; ++i) many += "," + entry;
  EXPECT_FALSE(parse_nvidia_evidence(as_bytes(many + "]")));
}

}  // namespace
}  // namespace adyton
