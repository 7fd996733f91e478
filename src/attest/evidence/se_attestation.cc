// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/se_attestation.h"

#include <algorithm>

#include "base/cursor.h"
#include "base/error.h"
#include "base/zeros.h"

namespace adyton {
namespace {

constexpr std::string_view kExchangeMagic = "pvattest";
constexpr std::uint32_t kVersion1 = 0x0100;
constexpr std::size_t kExchangeHeader = 0x40;
constexpr std::size_t kMaxRequest = 0x2000, kMaxMeasurement = 0x8000, kMaxAdditional = 0x8000, kMaxUser = 256,
                      kUidBytes = 16;
constexpr std::size_t kRequestHeader = 0xe0, kSlotBytes = 80, kTagBytes = 16, kMaxBytes = 128 * 1024;

// An entry is a size and an offset; a size of zero: not there; an offset of zero: still to come.
Result<std::optional<Bytes>> read_entry(BytesView file, std::size_t at, std::size_t most, std::string_view what) {
  const auto size = load_be<std::uint32_t>(file, at), offset = load_be<std::uint32_t>(file, at + 4);
  if (size > most) return invalid("{} of {} bytes", what, size);
  if (size == 0 || offset == 0) return std::optional<Bytes>();
  if (offset < kExchangeHeader || !in_bounds(offset, size, file.size())) return invalid("{} lies outside", what);
  return std::optional<Bytes>(to_bytes(file.subspan(offset, size)));
}

Result<SeExchange> parse_exchange(BytesView bytes) {
  if (bytes.size() < kExchangeHeader || bytes.size() > kMaxBytes) return invalid("{} bytes", bytes.size());
  if (as_text(bytes.first(8)) != kExchangeMagic) return invalid("it does not begin with pvattest");
  const auto version = load_be<std::uint32_t>(bytes, 8), size = load_be<std::uint32_t>(bytes, 12);
  if (version != kVersion1) return invalid("version {:#x}", version);
  if (size != bytes.size()) return invalid("{} bytes instead of {}", bytes.size(), size);
  if (!all_zero(bytes.subspan(16, 8))) return invalid("reserved bytes are not zero");
  SeExchange out;
  auto request = TRY(read_entry(bytes, 0x18, kMaxRequest, "the request"));
  if (!request) return invalid("the request is missing");
  out.request = std::move(*request);
  out.measurement = TRY(read_entry(bytes, 0x20, kMaxMeasurement, "the measurement"));
  out.additional = TRY(read_entry(bytes, 0x28, kMaxAdditional, "the additional data"));
  out.user_data = TRY(read_entry(bytes, 0x30, kMaxUser, "the user data"));
  out.configuration_id = TRY(read_entry(bytes, 0x38, kUidBytes, "the configuration id"));
  if (out.configuration_id && out.configuration_id->size() != kUidBytes) return invalid("a short configuration id");
  out.bytes = to_bytes(bytes);
  return out;
}

Result<SeRequest> parse_request(BytesView bytes) {
  if (bytes.size() < kRequestHeader + kTagBytes || bytes.size() > kMaxRequest) return invalid("{} bytes", bytes.size());
  if (!all_zero(bytes.first(8))) return invalid("another magic number than zero");
  SeRequest out;
  out.version = load_be<std::uint32_t>(bytes, 8);
  if (out.version != kVersion1) return invalid("version {:#x}", out.version);
  const auto size = load_be<std::uint32_t>(bytes, 12);
  const auto slots = load_be<std::uint64_t>(bytes, 0x20), encrypted = load_be<std::uint64_t>(bytes, 0x28);
  if (slots == 0 || slots > kMaxRequest / kSlotBytes || encrypted > kMaxRequest || size != bytes.size() ||
      size != kRequestHeader + slots * kSlotBytes + encrypted + kTagBytes) {
    return invalid("its sizes contradict each other");
  }
  out.key_slots = slots;
  out.flags = load_be<std::uint64_t>(bytes, 0x30);
  out.measurement_algorithm = load_be<std::uint32_t>(bytes, 0x38);
  out.customer_key = to_bytes(bytes.subspan(0x40, 160));
  out.bytes = to_bytes(bytes);
  return out;
}

}  // namespace

Result<SeExchange> parse_se_exchange(BytesView bytes) { return parse_exchange(bytes).within("not a pvattest file"); }
bool looks_like_se_exchange(BytesView bytes) { return as_text(bytes).starts_with(kExchangeMagic); }
Result<SeRequest> parse_se_request(BytesView bytes) {
  return parse_request(bytes).within("not an attestation request control block");
}

}  // namespace adyton
