// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/event_log.h"

#include <gtest/gtest.h>

#include "attest/verify/event_log.h"
#include "base/cursor.h"
#include "testing/evidence_index.h"
#include "testing/fake_tpm.h"
#include "testing/findings.h"

namespace adyton {
namespace {

using testing::fake_event_log;
using testing::FakeEvent;

const std::vector<HashAlgorithm> kBanks{HashAlgorithm::kSha1, HashAlgorithm::kSha256, HashAlgorithm::kSha384};
const std::vector<FakeEvent> kEvents{{0, 0x08, to_bytes("version")},
                                     {0, kEventNoAction, to_bytes(std::string_view("StartupLocality\0\3", 17))},
                                     {4, 0x80000003, to_bytes("loader")},
                                     {4, kEventSeparator, Bytes(4)},
                                     {17, 0x0d, to_bytes("dynamic")}};

Bytes extended(HashAlgorithm bank, Bytes value, const std::vector<std::string_view>& measured) {
  for (const std::string_view data : measured) value = *hash(bank, value, *hash(bank, as_bytes(data)));
  return value;
}

TEST(EventLog, CryptoAgile) {
  const auto log = parse_event_log(fake_event_log(kEvents, kBanks));
  ASSERT_TRUE(log.has_value()) << log.error().message;
  EXPECT_TRUE(log->crypto_agile);
  EXPECT_EQ(log->banks.size(), 3U);
  ASSERT_EQ(log->events.size(), 5U);
  EXPECT_EQ(as_text(log->data(log->events[2])), "loader");
  for (const HashAlgorithm bank : kBanks) {
    const auto pcrs = replay_event_log(*log, bank, RegisterKind::kPcr);
    ASSERT_TRUE(pcrs.has_value());
    Bytes locality(size_of(bank));
    locality.back() = std::byte{3};
    EXPECT_EQ((*pcrs)[0].value, extended(bank, locality, {"version"}));
    EXPECT_EQ((*pcrs)[0].events, 1U);
    EXPECT_EQ((*pcrs)[4].value, extended(bank, Bytes(size_of(bank)), {"loader", std::string_view("\0\0\0\0", 4)}));
    EXPECT_EQ((*pcrs)[17].value, extended(bank, Bytes(size_of(bank), std::byte{0xff}), {"dynamic"}));
    EXPECT_EQ((*pcrs)[18].value, Bytes(size_of(bank), std::byte{0xff}));
    EXPECT_EQ((*pcrs)[23].value, Bytes(size_of(bank)));
  }
  EXPECT_FALSE(replay_event_log(*log, HashAlgorithm::kSha512, RegisterKind::kPcr).has_value());
}

TEST(EventLog, OldFormat) {
  const Bytes bytes = fake_event_log(kEvents, {});
  EXPECT_TRUE(looks_like_event_log(bytes));
  const auto log = parse_event_log(bytes);
  ASSERT_TRUE(log.has_value()) << log.error().message;
  EXPECT_FALSE(log->crypto_agile);
  EXPECT_EQ(log->events.size(), 5U);
  const auto pcrs = replay_event_log(*log, HashAlgorithm::kSha1, RegisterKind::kPcr);
  EXPECT_EQ((*pcrs)[17].value, extended(HashAlgorithm::kSha1, Bytes(20, std::byte{0xff}), {"dynamic"}));
}

TEST(EventLog, RegistersOfTdx) {
  const std::vector<FakeEvent> events{{1, 0x08, to_bytes("a")}, {2, 0x08, to_bytes("b")}, {4, 0x0d, to_bytes("c")}};
  const auto log = parse_event_log(fake_event_log(events, {HashAlgorithm::kSha384}));
  const auto rtmrs = replay_event_log(log.value(), HashAlgorithm::kSha384, RegisterKind::kRtmr);
  ASSERT_EQ(rtmrs->size(), 4U);
  EXPECT_EQ((*rtmrs)[0].value, extended(HashAlgorithm::kSha384, Bytes(48), {"a"}));
  EXPECT_EQ((*rtmrs)[1].value, extended(HashAlgorithm::kSha384, Bytes(48), {"b"}));
  EXPECT_EQ((*rtmrs)[2].events, 0U);
  EXPECT_EQ((*rtmrs)[3].value, extended(HashAlgorithm::kSha384, Bytes(48), {"c"}));
  for (const std::uint32_t none : {0U, 5U}) {  // MRTD is not extended by events
    const auto bad = parse_event_log(fake_event_log({{none, 0x08, to_bytes("a")}}, {HashAlgorithm::kSha384}));
    EXPECT_FALSE(replay_event_log(bad.value(), HashAlgorithm::kSha384, RegisterKind::kRtmr).has_value());
  }
}

TEST(EventLog, PaddingMayFollowAndNothingElse) {
  const Bytes bytes = fake_event_log(kEvents, kBanks);
  for (const auto value : {std::byte{0}, std::byte{0xff}}) {
    for (const std::size_t size : {1, 3, 12, 500}) {
      Bytes padded = bytes;
      padded.resize(padded.size() + size, value);
      const auto log = parse_event_log(padded);
      ASSERT_TRUE(log.has_value()) << size;
      EXPECT_EQ(log->events.size(), kEvents.size());
      EXPECT_EQ(log->bytes, padded);
      if (size < 13) continue;
      padded.back() = std::byte{7};
      EXPECT_FALSE(parse_event_log(padded).has_value());
    }
  }
}

TEST(EventLog, TruncationsNeverGainEvents) {
  const Bytes bytes = fake_event_log(kEvents, kBanks);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto log = parse_event_log(BytesView(bytes).first(size));
    if (log) {
      EXPECT_LT(log->events.size(), kEvents.size()) << size;
    }
  }
}

TEST(EventLog, Limits) {
  const Bytes bytes = fake_event_log(kEvents, kBanks);
  EXPECT_EQ(parse_event_log(bytes, {.events = 4}).error().code, ErrorCode::kExhausted);
  EXPECT_EQ(parse_event_log(bytes, {.bytes = 100}).error().code, ErrorCode::kExhausted);
  EXPECT_TRUE(parse_event_log(bytes, {.bytes = bytes.size(), .events = 5}).has_value());
  EXPECT_FALSE(parse_event_log(fake_event_log({{32, 8, {}}}, kBanks)).has_value());
  Bytes huge = bytes;
  store_le(std::span(huge), 28, std::uint32_t{0xffffffff});
  EXPECT_FALSE(parse_event_log(huge).has_value());
}

TEST(EventLogVerifier, ComparesWhatIsKnown) {
  const auto log = parse_event_log(fake_event_log(kEvents, kBanks)).value();
  auto pcrs = replay_event_log(log, HashAlgorithm::kSha256, RegisterKind::kPcr).value();
  std::vector<KnownRegister> registers;
  for (const ReplayedRegister& pcr : pcrs) registers.push_back({pcr.index, pcr.value});
  Findings good;
  verify_event_log(log, HashAlgorithm::kSha256, RegisterKind::kPcr, registers, good);
  EXPECT_TRUE(testing::is_genuine(good));

  registers[10].value = Bytes(32, std::byte{1});
  registers[10].value[3] = std::byte{2};  // extended by somebody who writes no log
  Findings unexplained;
  verify_event_log(log, HashAlgorithm::kSha256, RegisterKind::kPcr, registers, unexplained);
  EXPECT_TRUE(testing::is_genuine(unexplained));
  EXPECT_TRUE(testing::find_check(unexplained, "event log", Outcome::kNoted)->detail.contains("PCR10"));

  registers[4].value[0] ^= std::byte{1};
  registers.push_back({99, Bytes(32)});
  Findings bad;
  verify_event_log(log, HashAlgorithm::kSha256, RegisterKind::kPcr, registers, bad);
  EXPECT_EQ(testing::count_outcomes(bad, Outcome::kFailed), 2U);
}

TEST(EventLogVerifier, DataThatIsNotWhatWasMeasured) {
  Bytes bytes =
      fake_event_log({{0, 0x08, to_bytes("version")}, {0, kEventSeparator, Bytes(4)}, {0, kEventSeparator, Bytes(4)}},
                     {HashAlgorithm::kSha256});
  const auto at = std::ranges::search(bytes, as_bytes("version"));
  *at.begin() = std::byte{'V'};
  const auto log = parse_event_log(bytes).value();
  Findings findings;
  const auto pcrs = replay_event_log(log, HashAlgorithm::kSha256, RegisterKind::kPcr).value();
  verify_event_log(log, HashAlgorithm::kSha256, RegisterKind::kPcr, {{0, pcrs[0].value}}, findings);
  EXPECT_TRUE(testing::find_check(findings, "event data", Outcome::kNoted)->detail.contains("EV_S_CRTM_VERSION"));
  EXPECT_TRUE(testing::find_check(findings, "separator", Outcome::kNoted)->detail.contains("PCR0"));
}

}  // namespace
}  // namespace adyton
