// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/nitro.h"

#include <algorithm>
#include <limits>

#include "base/cbor.h"
#include "base/error.h"

namespace adyton {
namespace {

constexpr std::size_t kMaxDocumentBytes = 65536;
constexpr std::size_t kMaxCertificateBytes = 1024, kMaxUserBytes = 1024, kMaxBundle = 8, kMaxRegisters = 32;
constexpr std::size_t kMaxUnknownFields = 16;
constexpr std::size_t kSignatureBytes = 96;
constexpr std::int64_t kEs384 = -35;
constexpr cbor::Rules kRules{.deterministic = false, .indefinite = true};

Result<Bytes> read_bytes(cbor::Reader& reader, std::size_t least, std::size_t most) {
  const BytesView bytes = TRY(reader.read_bytes());
  if (bytes.size() < least || bytes.size() > most) {
    return invalid("{} bytes, not {} to {}", bytes.size(), least, most);
  }
  return to_bytes(bytes);
}

// "public_key", "user_data" and "nonce" are null when the enclave gave none.
Result<std::optional<Bytes>> read_optional(cbor::Reader& reader, std::size_t least) {
  if (TRY(reader.skip_null())) return std::optional<Bytes>();
  return std::optional(TRY(read_bytes(reader, least, kMaxUserBytes)));
}

Result<std::vector<NitroDocument::Register>> read_registers(cbor::Reader& reader) {
  std::vector<NitroDocument::Register> out;
  const auto read_register = [&](const cbor::Key& key) -> Result<void> {
    NitroDocument::Register one;
    while (one.index < kMaxRegisters && !(key == std::int64_t{one.index})) ++one.index;
    if (one.index == kMaxRegisters) return invalid("register {} is not one of 0 to 31", key.to_string());
    one.value = to_bytes(TRY(reader.read_bytes()));
    const std::size_t size = one.value.size();
    if (size != 32 && size != 48 && size != 64) return invalid("register {} has {} bytes", one.index, size);
    out.push_back(std::move(one));
    return {};
  };
  TRY(reader.read_map(read_register));
  if (out.empty()) return invalid("there are none");
  std::ranges::sort(out, {}, &NitroDocument::Register::index);
  return out;
}

Result<std::vector<Bytes>> read_bundle(cbor::Reader& reader) {
  std::vector<Bytes> out;
  TRY(reader.read_array([&]() -> Result<void> {
    if (out.size() == kMaxBundle) return invalid("more than {} certificates", kMaxBundle);
    out.push_back(TRY(read_bytes(reader, 1, kMaxCertificateBytes)));
    return {};
  }));
  if (out.empty()) return invalid("there are none");
  return out;
}

// Which of the fields that must be there were.
struct Seen {
  bool module_id = false, timestamp = false, digest = false, registers = false, certificate = false, bundle = false;
};

Result<void> read_field(cbor::Reader& reader, const cbor::Key& key, NitroDocument& out, Seen& seen) {
  if (key == "module_id") {
    out.module_id = TRY(reader.read_text());
    if (out.module_id.empty()) return invalid("it is empty");
    seen.module_id = true;
  } else if (key == "timestamp") {
    out.timestamp_ms = TRY(reader.read_unsigned());
    if (out.timestamp_ms == 0 || out.timestamp_ms > std::numeric_limits<std::int64_t>::max()) {
      return invalid("{} is no time", out.timestamp_ms);
    }
    seen.timestamp = true;
  } else if (key == "digest") {
    if (TRY(reader.read_text()) != "SHA384") return invalid("it is not SHA384");
    seen.digest = true;
  } else if (key == "pcrs" || key == "nitrotpm_pcrs") {
    if (seen.registers) return invalid("both kinds of registers");
    out.tpm = key == "nitrotpm_pcrs";
    out.registers = TRY(read_registers(reader));
    seen.registers = true;
  } else if (key == "certificate") {
    out.certificate = TRY(read_bytes(reader, 1, kMaxCertificateBytes));
    seen.certificate = true;
  } else if (key == "cabundle") {
    out.bundle = TRY(read_bundle(reader));
    seen.bundle = true;
  } else if (key == "public_key") {
    out.public_key = TRY(read_optional(reader, 1));
  } else if (key == "user_data") {
    out.user_data = TRY(read_optional(reader, 0));
  } else if (key == "nonce") {
    out.nonce = TRY(read_optional(reader, 0));
  } else {
    TRY(reader.read_item());
    if (out.unknown_fields.size() == kMaxUnknownFields) return invalid("too many unknown fields");
    out.unknown_fields.push_back(key.to_string());
  }
  return {};
}

Result<void> parse_payload(NitroDocument& out) {
  Seen seen;
  cbor::Reader reader(*out.message.payload, kRules);
  const auto on_entry = [&](const cbor::Key& key) {
    return read_field(reader, key, out, seen).within(key.to_string());
  };
  TRY(reader.read_map(on_entry));
  TRY(reader.finish());
  const std::pair<bool, std::string_view> needed[] = {{seen.module_id, "module_id"},     {seen.timestamp, "timestamp"},
                                                      {seen.digest, "digest"},           {seen.registers, "pcrs"},
                                                      {seen.certificate, "certificate"}, {seen.bundle, "cabundle"}};
  for (const auto& [there, name] : needed) {
    if (!there) return invalid("{} is missing", name);
  }
  return {};
}

Result<NitroDocument> parse(BytesView bytes) {
  if (bytes.size() > kMaxDocumentBytes) return invalid("{} bytes are too many", bytes.size());
  NitroDocument out;
  out.encoded = to_bytes(bytes);
  out.message = TRY(parse_cose_sign1(bytes, {.deterministic = false}));
  const std::int64_t algorithm = TRY(cose_algorithm_of(out.message));
  if (algorithm != kEs384) return invalid("its algorithm is {}, not ES384", algorithm);
  if (out.message.unprotected_headers != Bytes{std::byte{0xa0}}) return invalid("it has unprotected headers");
  if (out.message.signature.size() != kSignatureBytes) {
    return invalid("a signature of {} bytes", out.message.signature.size());
  }
  if (!out.message.payload) return invalid("it has no payload");
  TRY(parse_payload(out));
  return out;
}

}  // namespace

const Bytes* NitroDocument::find_register(std::uint8_t index) const {
  const auto found = std::ranges::find(registers, index, &Register::index);
  return found == registers.end() ? nullptr : &found->value;
}

Result<NitroDocument> parse_nitro(BytesView bytes) { return parse(bytes).within("not a Nitro attestation document"); }

bool looks_like_nitro(BytesView bytes) {
  constexpr unsigned char kStart[] = {0x84, 0x44, 0xa1, 0x01, 0x38, 0x22, 0xa0};  // [<< {1: -35} >>, {},
  if (!bytes.empty() && bytes[0] == std::byte{0xd2}) bytes = bytes.subspan(1);
  const BytesView start = std::as_bytes(std::span(kStart));
  if (bytes.size() < start.size() || !std::ranges::equal(bytes.first(start.size()), start)) return false;
  const std::string_view text = as_text(bytes);
  return text.contains("module_id") && text.contains("cabundle");
}

}  // namespace adyton
