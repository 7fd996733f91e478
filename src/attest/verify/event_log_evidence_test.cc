// SPDX-License-Identifier: Apache-2.0
// Real boot logs must replay to the registers that were read on the same machines.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "attest/verify/event_log.h"
#include "testing/evidence_index.h"
#include "testing/findings.h"
#include "testing/real_evidence.h"

namespace adyton {
namespace {

using EventLogRealEvidence = testing::RealEvidence;

struct KnownPcrs {
  std::string_view log;
  std::vector<std::pair<std::uint32_t, std::string_view>> sha256;
};
// The SHA-256 banks that the logs' publisher read on these machines (go-tpm-tools, server/eventlog_test.go).
const KnownPcrs kKnownPcrs[] = {
    {"rhel8-uefi",
     {
         {0, "24af52a4f429b71a3184a6d64cddad17e54ea030e2aa6576bf3a5a3d8bd3328f"},
         {1, "454220afaa80c83c3839f6cccd8b3c88bf4f562316a9dda1121c578c9e005a53"},
         {2, "3d458cfe55cc03ea1f443f1562beec8df51c75e14a9fcf9a7234a13f198e7969"},
         {3, "3d458cfe55cc03ea1f443f1562beec8df51c75e14a9fcf9a7234a13f198e7969"},
         {4, "758a3d35f1b0ff5b135dacd07db0c8132c0ac665d944090d4bf96e66447a245c"},
         {5, "53d0ee36163219201e686167bbb71ec505b3ba2917b9d9183ed84aad26cfeb89"},
         {6, "3d458cfe55cc03ea1f443f1562beec8df51c75e14a9fcf9a7234a13f198e7969"},
         {7, "5fd54361d580eb7592adb8deb236ff35444ceeac7148f24b3de63c041f12b3da"},
         {8, "25c3874041ebd4e9a21b6ed71b624a7bfa99907a8dcea7f129a4c64cbaf5829a"},
         {9, "d43b2f61eb18b4791812ff5f20ab20e4ef621ba683370bedf5dbdf518b3a8078"},
         {14, "d8f57ebcc1a23cc46832696e1a657f720e1be8f5b405bb7204682114e363b455"},
     }},
    {"ubuntu-2404-amd-sevsnp",
     {
         {0, "50597a27846e91d025eef597abbc89f72bff9af849094db97b0684d8bc4c515e"},
         {1, "57344e1cc8c6619413df33013a7cd67915459f967395af41db21c1fa7ca9c307"},
         {2, "3d458cfe55cc03ea1f443f1562beec8df51c75e14a9fcf9a7234a13f198e7969"},
         {3, "3d458cfe55cc03ea1f443f1562beec8df51c75e14a9fcf9a7234a13f198e7969"},
         {4, "abe8b3fa6aecb36c2fd93c6f6edde661c21b353d007410a2739d69bfa7e1b9be"},
         {5, "0b0e1903aeb1bff649b82dba2cdcf5c4ffb75027e54f151ab00b3b989f16a300"},
         {6, "3d458cfe55cc03ea1f443f1562beec8df51c75e14a9fcf9a7234a13f198e7969"},
         {7, "33ad69850fb2c7f30b4f8b4bc10ed93fc954dc07fa726e84f50f3d192dc1c140"},
         {8, "6932a3f71dc55ad3c1a6ac2196eeac26a1b7164b6bbfa106625d94088ec3ecc3"},
         {9, "ce08798b283c7a0ddc5e9ad1d602304b945b741fc60c20e254eafa0f4782512b"},
         {14, "306f9d8b94f17d93dc6e7cf8f5c79d652eb4c6c4d13de2dddc24af416e13ecaf"},
     }},
    {"cos-101-amd-sev",
     {
         {0, "0f35c214608d93c7a6e68ae7359b4a8be5a0e99eea9107ece427c4dea4e439cf"},
         {1, "6eb40f5b6bfafcb9914d486ce59404acd24bc13a6a3c45cda3b44c9d7053d638"},
         {2, "3d458cfe55cc03ea1f443f1562beec8df51c75e14a9fcf9a7234a13f198e7969"},
         {3, "3d458cfe55cc03ea1f443f1562beec8df51c75e14a9fcf9a7234a13f198e7969"},
         {4, "6d9f1a1d461cf77517e8d4c488c53f338a71c5a8e2b81ab7011c14f72cbc9a80"},
         {5, "d1a1ab23a5c3d98fbacff3891bad42d8e9257d61e1f683f42c6c9fa949bf96c5"},
         {6, "3d458cfe55cc03ea1f443f1562beec8df51c75e14a9fcf9a7234a13f198e7969"},
         {7, "2bc6edaa921f953cec0ffb28dad4f87114886603d6a782036502d28e69d97a48"},
         {8, "ebb7c847c4ade99849bcffca236d32331224a530087a7ae4cb9f7db4c2e571b5"},
         {9, "b5ad662e5eb9165825ee39ad66e851a67a193e0b87b27858f25ac58afa72ac57"},
         {14, "d0d95459205afae879514db7b85630f5d6b8272ed8c731bf92933dbc9fe99969"},
     }},
    {"eventlogwithsp800155",
     {
         {0, "d0c70a9310cd0b55767084333022ce53f42befbb69c059ee6c0a32766f160783"},
         {1, "f28e7dc5d058b98ba6f635c1de061a507426983b7ec370d3ba7ce90bdfd1a7c1"},
         {2, "3d458cfe55cc03ea1f443f1562beec8df51c75e14a9fcf9a7234a13f198e7969"},
         {3, "3d458cfe55cc03ea1f443f1562beec8df51c75e14a9fcf9a7234a13f198e7969"},
         {4, "18314f0c33adea45e461155e190199716256ca532cd89e9aa3b7d2f6407fa4c8"},
         {5, "7da8fcc5689af6d0f2a089b19bbe146702372ccfdc3d5758bf6b49ba50c7366e"},
         {6, "3d458cfe55cc03ea1f443f1562beec8df51c75e14a9fcf9a7234a13f198e7969"},
         {7, "8c5dc451764d0db9c1e17da03564bcae3a09fa3d7f8e467d9c381dc8698377d6"},
         {8, "98effecabbbdc67dd7627d0c50f24bbce548ca6e6fcca30ad284afde91a042a4"},
         {9, "06f41037a0f42d7308ff2d955ef6c0a5d2fe0a70f7c81ce288d3a158f4978b2f"},
         {14, "6eb05e8a8a6272a8e4b925a67c650daa13c12b1a80cc797d40fd345e29660161"},
     }},
};

TEST_F(EventLogRealEvidence, TpmLogsReplayToThePcrs) {
  for (const KnownPcrs& known : kKnownPcrs) {
    SCOPED_TRACE(known.log);
    const Bytes bytes = file("tpm/eventlogs/go-tpm-tools-" + std::string(known.log) + ".bin");
    EXPECT_TRUE(looks_like_event_log(bytes));
    const auto log = parse_event_log(bytes);
    ASSERT_TRUE(log.has_value()) << log.error().message;
    EXPECT_TRUE(log->crypto_agile);
    std::vector<KnownRegister> registers;
    for (const auto& [index, value] : known.sha256) registers.push_back({index, parse_hex(value).value()});
    Findings findings;
    verify_event_log(*log, HashAlgorithm::kSha256, RegisterKind::kPcr, registers, findings);
    EXPECT_TRUE(testing::is_genuine(findings)) << testing::text_of(findings);
    EXPECT_NE(testing::find_check(findings, "event data", Outcome::kPassed), nullptr);

    registers[4].value[0] ^= std::byte{1};
    Findings altered;
    verify_event_log(*log, HashAlgorithm::kSha256, RegisterKind::kPcr, registers, altered);
    EXPECT_EQ(testing::count_outcomes(altered, Outcome::kFailed), 1U);
    EXPECT_EQ(replay_event_log(*log, HashAlgorithm::kSha512, RegisterKind::kPcr).error().code, ErrorCode::kNotFound);
  }
}

TEST_F(EventLogRealEvidence, LogOfAVirtualMachineWithTdxAndTpm) {
  const auto log = parse_event_log(file("tpm/dstack-tpm_eventlog.bin"));
  ASSERT_TRUE(log.has_value()) << log.error().message;
  EXPECT_EQ(log->events.size(), 45U);
  for (const auto bank : {HashAlgorithm::kSha1, HashAlgorithm::kSha256, HashAlgorithm::kSha384}) {
    EXPECT_TRUE(replay_event_log(*log, bank, RegisterKind::kPcr).has_value());
  }
}

// "RTMR0 <hex>" of the index's facts.
std::vector<KnownRegister> registers_in(const std::string& facts) {
  std::vector<KnownRegister> out;
  const std::size_t start = facts.find("replayed:");
  for (std::uint32_t i = 0; start != std::string::npos && i < 4; ++i) {
    const std::size_t at = facts.find("RTMR" + std::to_string(i) + " ", start);
    if (at != std::string::npos) out.push_back({i, parse_hex(facts.substr(at + 6, 96)).value()});
  }
  return out;
}

TEST_F(EventLogRealEvidence, ConfidentialLogsReplayToTheRegisters) {
  std::size_t logs = 0;
  for (const auto& row : testing::evidence_rows(folder_, "measure/ccel/")) {
    if (row.path.ends_with(".json")) continue;
    SCOPED_TRACE(row.path);
    const Bytes bytes = file(row.path);
    const auto log = parse_event_log(bytes);
    ASSERT_TRUE(log.has_value()) << log.error().message;
    const auto registers = registers_in(row.facts);
    ASSERT_GE(registers.size(), 2U);
    Findings findings;
    verify_event_log(*log, HashAlgorithm::kSha384, RegisterKind::kRtmr, registers, findings);
    EXPECT_TRUE(testing::is_genuine(findings)) << testing::text_of(findings);
    EXPECT_TRUE(row.facts.starts_with(std::to_string(log->events.size()) + " events") || row.negative);
    ++logs;
  }
  EXPECT_EQ(logs, 6U);
}

// The same machine's log with one separator moved: it replays to registers that the machine never had. (Two separators
// in RTMR0 alone prove nothing: other machines' firmware does that too, CCEL_data_ovmf for one.)
TEST_F(EventLogRealEvidence, DuplicatedSeparatorDoesNotExplainTheRegisters) {
  std::vector<KnownRegister> reported;
  for (const auto& row : testing::evidence_rows(folder_, "measure/ccel/go-tdx-guest"))
    reported = registers_in(row.facts);
  ASSERT_EQ(reported.size(), 3U);
  const auto log = parse_event_log(file("measure/ccel/go-eventlog-cos-113-intel-tdx-dupe-separator.bin"));
  Findings findings;
  verify_event_log(log.value(), HashAlgorithm::kSha384, RegisterKind::kRtmr, reported, findings);
  EXPECT_EQ(testing::count_outcomes(findings, Outcome::kFailed), 2U);
  EXPECT_NE(testing::find_check(findings, "separator", Outcome::kNoted), nullptr);
}

TEST_F(EventLogRealEvidence, EveryTruncationEndsInAnErrorOrInFewerEvents) {
  const Bytes bytes = file("measure/ccel/go-eventlog-CCEL_unpadded.data.bin");
  const std::size_t all = parse_event_log(bytes).value().events.size();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto log = parse_event_log(BytesView(bytes).first(size));
    if (log) {
      EXPECT_LT(log->events.size(), all) << size;
    }
  }
}

TEST_F(EventLogRealEvidence, NoFlippedBitOfAnEventReplaysToTheSameRegisters) {
  const auto rows = testing::evidence_rows(folder_, "measure/ccel/go-eventlog-CCEL_unpadded");
  const Bytes bytes = file(rows.at(0).path);
  const auto registers = registers_in(rows.at(0).facts);
  std::size_t unnoticed = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    Bytes flipped = bytes;
    flipped[i] ^= std::byte{2};
    const auto log = parse_event_log(flipped);
    if (!log) continue;
    Findings findings;
    verify_event_log(*log, HashAlgorithm::kSha384, RegisterKind::kRtmr, registers, findings);
    if (testing::is_genuine(findings) && !testing::find_check(findings, "event data", Outcome::kNoted)) ++unnoticed;
  }
  // Registers hold digests alone: the header, types of events and descriptions beside a digest are nobody's word. That
  // is what the check "event data" is for, as far as an event's type says what was hashed.
  EXPECT_LT(unnoticed, bytes.size() / 2);
}

}  // namespace
}  // namespace adyton
