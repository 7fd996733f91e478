// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/event_log.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/error.h"

namespace adyton {
namespace {

std::string name_of_register(RegisterKind kind, std::uint32_t index) {
  return (kind == RegisterKind::kPcr ? "PCR" : "RTMR") + std::to_string(index);
}

// Events whose digest is that of their data (10.4.1, table 9): the others' data only describes what was measured.
bool digest_is_of_data(std::uint32_t type) {
  constexpr std::array<std::uint32_t, 5> kTypes{kEventSeparator, 0x08, 0x80000001, 0x80000007, 0x800000e0};
  return std::ranges::find(kTypes, type) != kTypes.end();
}

void check_data(const EventLog& log, HashAlgorithm bank, Findings& out) {
  std::size_t good = 0;
  std::string bad;
  for (std::size_t i = 0; i < log.events.size(); ++i) {
    const EventLog::Event& event = log.events[i];
    if (!digest_is_of_data(event.type)) continue;
    const auto digest = log.digest(event, bank);
    const auto computed = hash(bank, log.data(event));
    if (!digest || !computed) return;
    if (std::ranges::equal(*digest, *computed)) {
      ++good;
    } else if (bad.size() < 500) {
      bad += fmt::format("{}event {} ({})", bad.empty() ? "" : ", ", i, event_type_name(event.type));
    }
  }
  if (bad.empty()) {
    out.pass("event data", fmt::format("{} events have the digest of their data", good));
  } else {
    out.note("event data", "the digest is not that of the data, which nobody vouches for: " + bad);
  }
}

void note_separators(const EventLog& log, RegisterKind kind, Findings& out) {
  std::array<unsigned, 32> count{};
  for (const EventLog::Event& event : log.events) {
    if (event.type == kEventSeparator) ++count[event.register_index];
  }
  for (std::uint32_t i = 0; i < count.size(); ++i) {
    if (count[i] < 2) continue;
    const std::uint32_t index = kind == RegisterKind::kRtmr ? i - 1 : i;
    out.note("separator", fmt::format("{} separators in {}", count[i], name_of_register(kind, index)));
  }
}

bool is_reset(BytesView value) {
  return std::ranges::all_of(value, [&](std::byte b) { return b == value[0]; });
}

}  // namespace

void verify_event_log(const EventLog& log, HashAlgorithm bank, RegisterKind kind,
                      const std::vector<KnownRegister>& registers, Findings& out) {
  const auto replayed = replay_event_log(log, bank, kind);
  if (!replayed) {
    out.fail("event log", replayed.error().message);
    return;
  }
  std::string same, unexplained;
  bool failed = false;
  for (const KnownRegister& known : registers) {
    const std::string name = name_of_register(kind, known.index);
    if (known.index >= replayed->size()) {
      out.fail("event log", name + " does not exist");
      failed = true;
      continue;
    }
    const ReplayedRegister& mine = (*replayed)[known.index];
    if (std::ranges::equal(mine.value, known.value)) {
      if (mine.events != 0) same += (same.empty() ? "" : ", ") + name;
    } else if (mine.events != 0) {
      failed = true;
      out.fail("event log", fmt::format("{} is {}, but the log's {} events make {}", name, to_hex(known.value),
                                        mine.events, to_hex(mine.value)));
    } else if (known.value.empty() || !is_reset(known.value)) {
      unexplained += (unexplained.empty() ? "" : ", ") + name;
    }
  }
  if (!unexplained.empty()) out.note("event log", "the log has no events for " + unexplained);
  if (!failed && !same.empty()) {
    out.pass("event log", fmt::format("{} events replayed with {}: {}", log.events.size(), name_of(bank), same));
  } else if (!failed) {
    out.note("event log", "none of the registers that are vouched for is in the log");
  }
  check_data(log, bank, out);
  note_separators(log, kind, out);
}

}  // namespace adyton
