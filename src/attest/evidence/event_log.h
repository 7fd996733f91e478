// SPDX-License-Identifier: Apache-2.0
// Measured boot's event logs: what firmware and loaders say they extended into which register, and the replay of it.
//
// Sources: TCG PC Client Platform Firmware Profile 1.06, 10 (event log structures), 3.3.4 (PCR usage), and the SHA-1
// format of its predecessors; UEFI 2.10, 38.4 with the CCEL ACPI table of Intel's Guest-Host-Communication Interface:
// the same format, in which a register index is 0 for MRTD and 1 to 4 for RTMR0 to RTMR3.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include "crypto/hash.h"

namespace adyton {

struct EventLogLimits {
  std::size_t bytes = 16 * 1024 * 1024;
  std::size_t events = 65536;
};

// A log. Copies freely: events are offsets into its own bytes.
struct EventLog {
  struct Bank {
    std::uint16_t tpm_algorithm = 0;  // TPM_ALG_ID
    std::uint16_t digest_bytes = 0;
    std::optional<HashAlgorithm> algorithm;  // nothing: not known here; its digests are passed over
  };
  struct Event {
    std::uint32_t register_index = 0;  // PCR; in a CCEL: measurement register
    std::uint32_t type = 0;
    std::size_t digests_at = 0;  // one for each bank, in the banks' order
    std::size_t data_at = 0, data_bytes = 0;
  };

  Bytes bytes;  // exactly as given, with padding
  bool crypto_agile = false;
  std::vector<Bank> banks;    // at least one
  std::vector<Event> events;  // without the header event of the crypto-agile format

  [[nodiscard]] BytesView data(const Event& event) const {
    return BytesView(bytes).subspan(event.data_at, event.data_bytes);
  }
  // Nothing if the log has no such bank.
  [[nodiscard]] std::optional<BytesView> digest(const Event& event, HashAlgorithm algorithm) const;
};

inline constexpr std::uint32_t kEventNoAction = 0x00000003;
inline constexpr std::uint32_t kEventSeparator = 0x00000004;
std::string event_type_name(std::uint32_t type);  // "EV_SEPARATOR"; the number if it has no name here

// Both formats, told apart by the first event. What follows the last event may only be padding: all FFh or all 00h.
// Errors: invalid: a length that leads outside, an event without exactly one digest for each bank, a register above 31.
Result<EventLog> parse_event_log(BytesView bytes, const EventLogLimits& limits = {});
bool looks_like_event_log(BytesView bytes);

// Which registers a log is about.
enum class RegisterKind : std::uint8_t { kPcr, kRtmr };

struct ReplayedRegister {
  std::uint32_t index = 0;  // PCR 0 to 23, RTMR 0 to 3
  Bytes value;
  std::size_t events = 0;  // that extended it; 0: the value it had at reset
};

// The registers' values after all events. PCRs begin with zeros (17 to 22: ones; 0: the start-up locality the log
// names), RTMRs with zeros. Errors: not_found: no such bank; invalid: an event for a register that does not exist.
Result<std::vector<ReplayedRegister>> replay_event_log(const EventLog& log, HashAlgorithm bank, RegisterKind kind);

}  // namespace adyton
