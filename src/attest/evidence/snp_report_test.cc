// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/snp_report.h"

#include <gtest/gtest.h>

#include "base/cursor.h"
#include "testing/fake_amd.h"

namespace adyton {
namespace {

using testing::FakeSnpReport;

Bytes report_of(FakeSnpReport fields) { return testing::fake_snp_report(fields, testing::fake_key(KeyType::kP384)); }

TEST(SnpReportParser, ReadsEveryVersion) {
  for (const std::uint32_t version : {2U, 3U, 4U, 5U}) {
    const Bytes bytes = report_of({.version = version,
                                   .guest_svn = 7,
                                   .vmpl = 2,
                                   .policy = 0x1f0000 | 0x0133,
                                   .report_data = to_bytes("nonce"),
                                   .measurement = Bytes(48, std::byte{0xaa}),
                                   .host_data = Bytes(32, std::byte{0xbb}),
                                   .alter = [&](Bytes& report) {
                                     if (version == 5) store_le(report, 0x200, std::uint64_t{11});
                                   }});
    EXPECT_TRUE(looks_like_snp_report(bytes));
    const auto report = parse_snp_report(bytes);
    ASSERT_TRUE(report.has_value()) << report.error().message;
    EXPECT_EQ(report->version, version);
    EXPECT_EQ(report->guest_svn, 7U);
    EXPECT_EQ(report->vmpl, 2U);
    EXPECT_EQ(report->policy.abi_major(), 1U);
    EXPECT_EQ(report->policy.abi_minor(), 0x33U);
    EXPECT_TRUE(report->policy.debug());
    EXPECT_TRUE(report->policy.migration_agent());
    EXPECT_TRUE(report->policy.smt());
    EXPECT_TRUE(report->policy.single_socket());
    EXPECT_FALSE(report->policy.cxl());
    EXPECT_TRUE(as_text(report->report_data()).starts_with("nonce"));
    EXPECT_EQ(to_bytes(report->measurement()), Bytes(48, std::byte{0xaa}));
    EXPECT_EQ(to_bytes(report->host_data()), Bytes(32, std::byte{0xbb}));
    EXPECT_EQ(report->current_version, (SnpVersion{1, 55, 29}));
    EXPECT_EQ(report->product(), version == 2 ? SnpProduct::kUnknown : SnpProduct::kMilan);
    EXPECT_EQ(report->current_mit_vector, version == 5 ? 11U : 0U);
    const SnpReport copy = *report;  // views are of the copy itself
    EXPECT_NE(copy.measurement().data(), report->measurement().data());
  }
}

TEST(SnpReportParser, TcbLayouts) {
  const SnpTcbParts milan = testing::fake_snp_tcb(SnpProduct::kMilan).parts(SnpProduct::kMilan);
  EXPECT_EQ(milan.boot_loader, 4);
  EXPECT_EQ(milan.snp, 24);
  EXPECT_EQ(milan.microcode, 219);
  const SnpTcbParts turin = testing::fake_snp_tcb(SnpProduct::kTurin).parts(SnpProduct::kTurin);
  EXPECT_EQ(turin.fmc, 1);
  EXPECT_EQ(turin.boot_loader, 4);
  EXPECT_EQ(turin.snp, 24);
  EXPECT_EQ(turin.microcode, 219);
}

TEST(SnpReportParser, RefusesEveryTruncationAndMore) {
  Bytes bytes = report_of({});
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(parse_snp_report(BytesView(bytes).first(size)).has_value()) << size;
  }
  bytes.push_back(std::byte{0});
  EXPECT_FALSE(parse_snp_report(bytes).has_value());
}

TEST(SnpReportParser, RefusesWhatIsReserved) {
  struct Gap {
    std::size_t from, to;
    std::uint32_t version;
  };
  const Gap gaps[] = {{0x4c, 0x50, 3},   {0x188, 0x1a0, 2}, {0x18b, 0x1a0, 3}, {0x1eb, 0x1ec, 3},
                      {0x1ef, 0x1f0, 3}, {0x1f8, 0x2a0, 2}, {0x1f8, 0x2a0, 3}, {0x208, 0x2a0, 5},
                      {0x2d0, 0x2e8, 3}, {0x318, 0x330, 3}, {0x330, 0x4a0, 3}};
  for (const Gap& gap : gaps) {
    for (std::size_t at = gap.from; at < gap.to; ++at) {
      const Bytes bytes = report_of({.version = gap.version, .alter_signed = [&](Bytes& r) { r[at] |= std::byte{1}; }});
      EXPECT_FALSE(parse_snp_report(bytes).has_value()) << at << " in version " << gap.version;
    }
  }
}

TEST(SnpReportParser, RefusesUnknownValues) {
  EXPECT_FALSE(parse_snp_report(report_of({.version = 1})).has_value());
  EXPECT_FALSE(parse_snp_report(report_of({.version = 6})).has_value());
  EXPECT_FALSE(parse_snp_report(report_of({.vmpl = 4})).has_value());
  EXPECT_TRUE(parse_snp_report(report_of({.vmpl = 0xffffffff})).has_value());
  EXPECT_FALSE(parse_snp_report(report_of({.policy = 0x10000})).has_value());
  EXPECT_FALSE(parse_snp_report(report_of({.policy = 0x30000 | std::uint64_t{1} << 26})).has_value());
  EXPECT_FALSE(parse_snp_report(report_of({.flags = 2 << 2})).has_value());
  EXPECT_TRUE(parse_snp_report(report_of({.flags = 7 << 2})).has_value());
  EXPECT_FALSE(parse_snp_report(report_of({.flags = 1 << 5})).has_value());
  EXPECT_FALSE(parse_snp_report(report_of({.alter = [](Bytes& r) { r[0x34] = std::byte{2}; }})).has_value());
  EXPECT_TRUE(parse_snp_report(report_of({.platform_info = ~std::uint64_t{0}})).has_value());
}

TEST(SnpReportParser, Products) {
  const auto product = [](std::uint8_t family, std::uint8_t model) {
    const Bytes bytes = report_of({.alter = [&](Bytes& r) {
      r[0x188] = std::byte{family};
      r[0x189] = std::byte{model};
    }});
    return parse_snp_report(bytes).value().product();
  };
  EXPECT_EQ(product(0x19, 0x01), SnpProduct::kMilan);
  EXPECT_EQ(product(0x19, 0x11), SnpProduct::kGenoa);
  EXPECT_EQ(product(0x19, 0xa0), SnpProduct::kGenoa);
  EXPECT_EQ(product(0x19, 0x50), SnpProduct::kUnknown);
  EXPECT_EQ(product(0x1a, 0x02), SnpProduct::kTurin);
  EXPECT_EQ(product(0x1a, 0x50), SnpProduct::kUnknown);
  EXPECT_EQ(product(0x17, 0x31), SnpProduct::kUnknown);
}

}  // namespace
}  // namespace adyton
