// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/event_log.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/cursor.h"
#include "base/error.h"

namespace adyton {
namespace {

constexpr std::string_view kSpecId{"Spec ID Event03\0", 16};
constexpr std::string_view kStartupLocality{"StartupLocality\0", 16};
constexpr std::size_t kSha1Bytes = 20, kOldHeader = 32, kMaxBanks = 16, kMaxDigest = 64;
constexpr std::uint32_t kMaxRegister = 31, kPcrs = 24, kRtmrs = 4;

// A forward reader that knows its offset.
class Walk {
 public:
  explicit Walk(BytesView bytes, std::size_t at = 0) : bytes_(bytes), at_(at) {}
  [[nodiscard]] std::size_t at() const { return at_; }
  [[nodiscard]] BytesView rest() const { return bytes_.subspan(at_); }
  Result<BytesView> take(std::size_t size, std::string_view what) {
    if (!in_bounds(at_, size, bytes_.size())) {
      return invalid("the {} at offset {} leads {} bytes beyond the end", what, at_, size - (bytes_.size() - at_));
    }
    at_ += size;
    return bytes_.subspan(at_ - size, size);
  }
  template <class T>
  Result<T> number(std::string_view what) {
    return load_le<T>(TRY(take(sizeof(T), what)));
  }

 private:
  BytesView bytes_;
  std::size_t at_;
};

bool all_are(BytesView bytes, std::byte value) {
  return std::ranges::all_of(bytes, [&](std::byte b) { return b == value; });
}

// Whether there are no more events. A log area is filled up with FFh (CCEL) or zeros, where an event begins with a
// register and a type that do not exist.
bool at_padding(BytesView rest) {
  if (rest.empty()) return true;
  const BytesView start = rest.first(std::min<std::size_t>(rest.size(), 12));
  if (all_are(start, std::byte{0xff})) return all_are(rest, std::byte{0xff});
  return all_are(start, std::byte{0}) && all_are(rest, std::byte{0});
}

// TCG_EfiSpecIDEventStruct (10.4.5.1).
Result<std::vector<EventLog::Bank>> read_banks(BytesView header) {
  Walk walk(header);
  TRY(walk.take(kSpecId.size() + 8, "header"));  // signature, platform class, versions, size of UINTN
  const auto count = TRY(walk.number<std::uint32_t>("number of algorithms"));
  if (count == 0 || count > kMaxBanks) return invalid("{} digest algorithms", count);
  std::vector<EventLog::Bank> out;
  for (std::uint32_t i = 0; i < count; ++i) {
    EventLog::Bank bank;
    bank.tpm_algorithm = TRY(walk.number<std::uint16_t>("algorithm"));
    bank.digest_bytes = TRY(walk.number<std::uint16_t>("digest size"));
    bank.algorithm = hash_of_tpm_algorithm(bank.tpm_algorithm);
    const bool right_size = !bank.algorithm || size_of(*bank.algorithm) == bank.digest_bytes;
    if (bank.digest_bytes == 0 || bank.digest_bytes > kMaxDigest || !right_size) {
      return invalid("algorithm {:#x} with digests of {} bytes", bank.tpm_algorithm, bank.digest_bytes);
    }
    const auto same = [&](const EventLog::Bank& other) { return other.tpm_algorithm == bank.tpm_algorithm; };
    if (std::ranges::any_of(out, same)) return invalid("algorithm {:#x} twice", bank.tpm_algorithm);
    out.push_back(bank);
  }
  const auto vendor = TRY(walk.number<std::uint8_t>("size of the vendor information"));
  TRY(walk.take(vendor, "vendor information"));
  if (!walk.rest().empty()) return invalid("{} bytes behind the header", walk.rest().size());
  return out;
}

Result<EventLog::Event> read_start(Walk& walk) {
  EventLog::Event out;
  out.register_index = TRY(walk.number<std::uint32_t>("register index"));
  if (out.register_index > kMaxRegister) return invalid("register {} at offset {}", out.register_index, walk.at() - 4);
  out.type = TRY(walk.number<std::uint32_t>("event type"));
  return out;
}

Result<void> read_data(Walk& walk, EventLog::Event& out) {
  out.data_bytes = TRY(walk.number<std::uint32_t>("size of the event"));
  out.data_at = walk.at();
  TRY(walk.take(out.data_bytes, "event"));
  return {};
}

// TCG_PCClientPCREvent (10.2.1): the SHA-1 format, and the first event of either.
Result<EventLog::Event> read_old_event(Walk& walk) {
  EventLog::Event out = TRY(read_start(walk));
  out.digests_at = walk.at();
  TRY(walk.take(kSha1Bytes, "digest"));
  TRY(read_data(walk, out));
  return out;
}

// TCG_PCR_EVENT2 (10.2.2). The struct keeps where the digests stand in the order of the banks, so events must have that
// order: firmware writes no other.
Result<EventLog::Event> read_event(Walk& walk, const std::vector<EventLog::Bank>& banks) {
  EventLog::Event out = TRY(read_start(walk));
  const auto count = TRY(walk.number<std::uint32_t>("number of digests"));
  if (count != banks.size()) {
    return invalid("the event at offset {} has {} digests for {} algorithms", walk.at() - 12, count, banks.size());
  }
  out.digests_at = walk.at();
  for (const EventLog::Bank& bank : banks) {
    const auto algorithm = TRY(walk.number<std::uint16_t>("digest algorithm"));
    if (algorithm != bank.tpm_algorithm) {
      return invalid("algorithm {:#x} where {:#x} belongs, at offset {}", algorithm, bank.tpm_algorithm, walk.at() - 2);
    }
    TRY(walk.take(bank.digest_bytes, "digest"));
  }
  TRY(read_data(walk, out));
  return out;
}

// Its register is 0; TDX firmware writes 1, the register of RTMR0.
bool is_spec_id(const EventLog& log, const EventLog::Event& event) {
  return event.register_index <= 1 && event.type == kEventNoAction && as_text(log.data(event)).starts_with(kSpecId);
}

Result<EventLog> parse(BytesView bytes, const EventLogLimits& limits) {
  if (bytes.size() > limits.bytes) return exhausted("{} bytes are more than {}", bytes.size(), limits.bytes);
  EventLog out;
  out.bytes = to_bytes(bytes);
  Walk walk(bytes);
  const EventLog::Event first = TRY(read_old_event(walk));
  out.crypto_agile = is_spec_id(out, first);
  if (out.crypto_agile) {
    out.banks = TRY(read_banks(out.data(first)));
  } else {
    out.banks = {{.tpm_algorithm = 4, .digest_bytes = kSha1Bytes, .algorithm = HashAlgorithm::kSha1}};
    out.events.push_back(first);
  }
  while (!at_padding(walk.rest())) {
    if (out.events.size() >= limits.events) return exhausted("more than {} events", limits.events);
    out.events.push_back(out.crypto_agile ? TRY(read_event(walk, out.banks)) : TRY(read_old_event(walk)));
  }
  return out;
}

// PCR 0 starts with the locality of TPM2_Startup in its last byte, if the log says so (10.4.5.3).
std::byte startup_locality(const EventLog& log) {
  for (const EventLog::Event& event : log.events) {
    const BytesView data = log.data(event);
    if (event.type == kEventNoAction && event.register_index == 0 && data.size() == kStartupLocality.size() + 1 &&
        as_text(data).starts_with(kStartupLocality)) {
      return data.back();
    }
  }
  return std::byte{0};
}

}  // namespace

std::optional<BytesView> EventLog::digest(const Event& event, HashAlgorithm algorithm) const {
  std::size_t at = event.digests_at;
  for (const Bank& bank : banks) {
    if (crypto_agile) at += 2;
    if (bank.algorithm == algorithm) return BytesView(bytes).subspan(at, bank.digest_bytes);
    at += bank.digest_bytes;
  }
  return std::nullopt;
}

std::string event_type_name(std::uint32_t type) {
  // 10.4.1, table 9.
  static constexpr std::pair<std::uint32_t, std::string_view> kNames[] = {
      {0x00, "EV_PREBOOT_CERT"},
      {0x01, "EV_POST_CODE"},
      {0x03, "EV_NO_ACTION"},
      {0x04, "EV_SEPARATOR"},
      {0x05, "EV_ACTION"},
      {0x06, "EV_EVENT_TAG"},
      {0x07, "EV_S_CRTM_CONTENTS"},
      {0x08, "EV_S_CRTM_VERSION"},
      {0x09, "EV_CPU_MICROCODE"},
      {0x0a, "EV_PLATFORM_CONFIG_FLAGS"},
      {0x0b, "EV_TABLE_OF_DEVICES"},
      {0x0c, "EV_COMPACT_HASH"},
      {0x0d, "EV_IPL"},
      {0x0e, "EV_IPL_PARTITION_DATA"},
      {0x0f, "EV_NONHOST_CODE"},
      {0x10, "EV_NONHOST_CONFIG"},
      {0x11, "EV_NONHOST_INFO"},
      {0x12, "EV_OMIT_BOOT_DEVICE_EVENTS"},
      {0x13, "EV_POST_CODE2"},
      {0x80000001, "EV_EFI_VARIABLE_DRIVER_CONFIG"},
      {0x80000002, "EV_EFI_VARIABLE_BOOT"},
      {0x80000003, "EV_EFI_BOOT_SERVICES_APPLICATION"},
      {0x80000004, "EV_EFI_BOOT_SERVICES_DRIVER"},
      {0x80000005, "EV_EFI_RUNTIME_SERVICES_DRIVER"},
      {0x80000006, "EV_EFI_GPT_EVENT"},
      {0x80000007, "EV_EFI_ACTION"},
      {0x80000008, "EV_EFI_PLATFORM_FIRMWARE_BLOB"},
      {0x80000009, "EV_EFI_HANDOFF_TABLES"},
      {0x8000000a, "EV_EFI_PLATFORM_FIRMWARE_BLOB2"},
      {0x8000000b, "EV_EFI_HANDOFF_TABLES2"},
      {0x8000000c, "EV_EFI_VARIABLE_BOOT2"},
      {0x8000000d, "EV_EFI_GPT_EVENT2"},
      {0x80000010, "EV_EFI_HCRTM_EVENT"},
      {0x800000e0, "EV_EFI_VARIABLE_AUTHORITY"},
      {0x800000e1, "EV_EFI_SPDM_FIRMWARE_BLOB"},
      {0x800000e2, "EV_EFI_SPDM_FIRMWARE_CONFIG"},
  };
  for (const auto& [number, name] : kNames) {
    if (number == type) return std::string(name);
  }
  return fmt::format("{:#010x}", type);
}

Result<EventLog> parse_event_log(BytesView bytes, const EventLogLimits& limits) {
  return parse(bytes, limits).within("not an event log");
}

bool looks_like_event_log(BytesView bytes) {
  if (bytes.size() < kOldHeader) return false;
  const auto index = load_le<std::uint32_t>(bytes, 0), type = load_le<std::uint32_t>(bytes, 4);
  const auto size = load_le<std::uint32_t>(bytes, 8 + kSha1Bytes);
  if (!in_bounds(kOldHeader, size, bytes.size())) return false;
  if (as_text(bytes.subspan(kOldHeader)).starts_with(kSpecId)) return index <= 1 && type == kEventNoAction;
  // The old format has no mark: firmware begins with its version or with a note.
  return index == 0 && size > 0 && size < 4096 && (type == 0x08 || type == 0x07 || type == kEventNoAction);
}

Result<std::vector<ReplayedRegister>> replay_event_log(const EventLog& log, HashAlgorithm bank, RegisterKind kind) {
  const bool pcrs = kind == RegisterKind::kPcr;
  std::vector<ReplayedRegister> out(pcrs ? kPcrs : kRtmrs);
  for (std::uint32_t i = 0; i < out.size(); ++i) {
    const bool dynamic = pcrs && i >= 17 && i <= 22;  // at reset all ones, until a dynamic launch
    out[i] = {.index = i, .value = Bytes(size_of(bank), dynamic ? std::byte{0xff} : std::byte{0}), .events = 0};
  }
  if (pcrs) out[0].value.back() = startup_locality(log);
  for (const EventLog::Event& event : log.events) {
    const auto digest = log.digest(event, bank);
    if (!digest) return not_found("the event log has no {} bank", name_of(bank));
    if (event.type == kEventNoAction) continue;                                          // 10.4.5: never extended
    const std::uint32_t index = pcrs ? event.register_index : event.register_index - 1;  // 0 becomes out of range
    if (index >= out.size()) {
      return invalid("{} for register {}, which no event can extend", event_type_name(event.type),
                     event.register_index);
    }
    auto value = hash(bank, out[index].value, *digest);
    if (!value) return unavailable("this OpenSSL has no {}", name_of(bank));
    out[index].value = std::move(*value);
    ++out[index].events;
  }
  return out;
}

}  // namespace adyton
