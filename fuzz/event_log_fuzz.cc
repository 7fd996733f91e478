// SPDX-License-Identifier: Apache-2.0
// Any bytes as an event log: what parses lies within its bytes, and its own replay agrees with itself.
#include <cstdlib>

#include "attest/verify/event_log.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace adyton;
  const auto log = parse_event_log(std::as_bytes(std::span(data, size)), {.bytes = 1 << 20, .events = 4096});
  if (!log) return 0;
  for (const EventLog::Bank& bank : log->banks) {
    if (!bank.algorithm) continue;
    for (const RegisterKind kind : {RegisterKind::kPcr, RegisterKind::kRtmr}) {
      const auto replayed = replay_event_log(*log, *bank.algorithm, kind);
      if (!replayed) continue;
      std::vector<KnownRegister> registers;
      for (const ReplayedRegister& one : *replayed) registers.push_back({one.index, one.value});
      Findings findings;
      verify_event_log(*log, *bank.algorithm, kind, registers, findings);
      for (const Check& check : findings.checks) {
        if (check.outcome == Outcome::kFailed) std::abort();
      }
    }
  }
  return 0;
}
