// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/csv_evidence.h"

#include <algorithm>

#include "attest/json.h"
#include "base/base64.h"
#include "base/cursor.h"
#include "base/error.h"

namespace adyton {
namespace {

constexpr std::size_t kMaxBytes = 1024 * 1024, kReportBytes = 4096;
constexpr std::string_view kExtendedMagic{"ATTESTATION_EXT\0", 16};
// TeeInfoV1: 0xb4 USAGE, 0xb8 ALGO, 0xbc ANONCE, 0xc0 signature; signed: up to USAGE. TeeInfoV2: 0xbc BUILD, 0xc0
// version of the registers, 0xd0 RTMR0 to RTMR4 of 32 bytes, 0x400 signature; signed: up to it.
constexpr std::size_t kPolicy = 0xb0, kUsage = 0xb4, kAlgorithm = 0xb8, kAnonce = 0xbc;
constexpr std::size_t kSignature1 = 0xc0, kRtmrs2 = 0xd0, kSignature2 = 0x400, kRtmrBytes = 32, kRtmrCount = 5;

Result<Bytes> byte_array(const Json& object, const char* name, std::size_t size) {
  Bytes out = TRY(bytes_of_array(member(object, name)).within(name));
  if (out.size() != size) return invalid("\"{}\" is no array of {} bytes", name, size);
  return out;
}

template <class T>
Result<T> number(const Json& object, const char* name) {
  const Json& value = member(object, name);
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() > std::numeric_limits<T>::max()) {
    return invalid("\"{}\" is no number of {} bits", name, 8 * sizeof(T));
  }
  return static_cast<T>(value.get<std::uint64_t>());
}

template <class T>
Result<void> put_number(Bytes& out, const Json& object, const char* name) {
  append_le(out, TRY(number<T>(object, name)));
  return {};
}
Result<void> put_bytes(Bytes& out, const Json& object, const char* name, std::size_t size) {
  append(out, TRY(byte_array(object, name, size)));
  return {};
}

// The certificate's own form, from its fields in JSON: what was signed is over that form.
Result<SevCertificate> read_certificate(const Json& json) {
  const Json& body = member(json, "body");
  const Json &data = member(body, "data"), &firmware = member(data, "firmware"), &key = member(data, "pubkey");
  const Json &point = member(key, "key"), &signatures = member(json, "sigs");
  if (!signatures.is_array() || signatures.size() != 2) return invalid("\"sigs\" is no pair");
  Bytes out;
  TRY(put_number<std::uint32_t>(out, body, "ver"));
  TRY(put_number<std::uint8_t>(out, firmware, "major"));
  TRY(put_number<std::uint8_t>(out, firmware, "minor"));
  TRY(put_number<std::uint16_t>(out, data, "reserved1"));
  TRY(put_number<std::uint32_t>(out, key, "usage"));
  TRY(put_number<std::uint32_t>(out, key, "algo"));
  TRY(put_number<std::uint32_t>(out, point, "g"));
  TRY(put_bytes(out, point, "x", 72));
  TRY(put_bytes(out, point, "y", 72));
  TRY(put_number<std::uint16_t>(out, data, "uid_size"));
  TRY(put_bytes(out, data, "user_id", 254));
  TRY(put_bytes(out, data, "sid", 16));
  TRY(put_bytes(out, data, "reserved2", 608));
  for (const Json& signature : signatures) {
    TRY(put_number<std::uint32_t>(out, signature, "usage"));
    TRY(put_number<std::uint32_t>(out, signature, "algo"));
    TRY(put_bytes(out, member(signature, "signature"), "r", 72));
    TRY(put_bytes(out, member(signature, "signature"), "s", 72));
    TRY(put_bytes(out, signature, "_reserved", 368));
  }
  return parse_sev_certificate(out);
}

Result<void> read_report(const Json& json, CsvEvidence& out) {
  const Bytes magic = TRY(byte_array(json, "magic", 16));
  const auto flags = TRY(number<std::uint32_t>(json, "flags"));
  const bool extended = as_text(magic) == kExtendedMagic;
  const bool plain = std::ranges::all_of(magic, [](std::byte b) { return b == std::byte{0}; });
  if ((!extended && !plain) || flags > 1) return invalid("a report of an unknown version");
  out.version = extended && flags == 1 ? 2 : 1;
  out.report = TRY(byte_array(json, "data", kReportBytes));
  const BytesView report(out.report);

  Bytes clear = to_bytes(report.first(kAnonce));
  if (out.version == 1) {
    for (std::size_t i = 0; i < clear.size(); ++i) clear[i] ^= report[kAnonce + i % 4];
  }
  const BytesView fields(clear);
  out.user_key_digest = to_bytes(fields.subspan(0, 32));
  out.vm_id = to_bytes(fields.subspan(0x20, 16));
  out.vm_version = to_bytes(fields.subspan(0x30, 16));
  out.report_data = to_bytes(fields.subspan(0x40, 64));
  out.mnonce = to_bytes(fields.subspan(0x80, 16));
  out.measurement = to_bytes(fields.subspan(0x90, 32));
  out.policy = load_le<std::uint32_t>(fields, kPolicy);
  out.signer_usage = static_cast<SevUsage>(load_le<std::uint32_t>(fields, kUsage));
  out.algorithm = static_cast<SevAlgorithm>(load_le<std::uint32_t>(fields, kAlgorithm));
  out.signed_bytes = out.version == 1 ? kUsage : kSignature2;
  out.signature_at = out.version == 1 ? kSignature1 : kSignature2;
  for (std::size_t i = 0; out.version == 2 && i < kRtmrCount; ++i) {
    out.rtmrs.push_back(to_bytes(report.subspan(kRtmrs2 + i * kRtmrBytes, kRtmrBytes)));
  }
  return {};
}

Result<CsvEvidence> parse(BytesView bytes) {
  if (bytes.size() > kMaxBytes) return invalid("{} bytes are too many", bytes.size());
  const Json json = TRY(parse_json(as_text(bytes), {.bytes = kMaxBytes, .depth = 16}));
  CsvEvidence out;
  TRY(read_report(member(json, "attestation_report"), out).within("attestation_report"));
  out.pek = TRY(read_certificate(member(member(json, "cert_chain"), "pek")).within("pek"));
  const Json& serial = member(json, "serial_number");
  if (serial.is_array()) {
    const Bytes chip = TRY(byte_array(json, "serial_number", 64));
    for (const std::byte b : chip) {
      if (b == std::byte{0}) break;
      const char c = static_cast<char>(b);
      if (c < '0' || c > 'z') return invalid("the serial number is no word");
      out.chip += c;
    }
  }
  if (const std::string* log = find_string(json, "cc_eventlog")) {
    out.log = TRY(parse_event_log(TRY(parse_base64(*log).within("cc_eventlog"))));
  }
  return out;
}

}  // namespace

Result<CsvEvidence> parse_csv_evidence(BytesView bytes) { return parse(bytes).within("not CSV evidence"); }

bool looks_like_csv_evidence(BytesView bytes) {
  if (bytes.size() > kMaxBytes) return false;
  const std::string_view text = as_text(bytes);
  return text.contains("\"attestation_report\"") && text.contains("\"pek\"") && text.contains("\"serial_number\"");
}

}  // namespace adyton
