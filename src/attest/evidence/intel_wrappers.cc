// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/intel_wrappers.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "attest/evidence/intel_quote.h"
#include "attest/evidence/protobuf.h"
#include "attest/evidence/wrapping.h"
#include "attest/evidence/wrapping_text.h"
#include "attest/json.h"
#include "base/cbor.h"
#include "base/cursor.h"
#include "base/error.h"
#include "crypto/x509.h"

namespace adyton {
namespace {

constexpr std::size_t kMostBytes = 16 << 20;
constexpr int kMostWrappings = 4;

Result<IntelWrapping> unwrap(BytesView bytes, int depth);

// The wrapping inside, with `what` in front of its description.
Result<IntelWrapping> inside(std::string_view what, BytesView bytes, int depth) {
  IntelWrapping out = TRY(unwrap(bytes, depth + 1).within(what));
  out.what = out.what.empty() ? std::string(what) : fmt::format("{}, {}", what, out.what);
  return out;
}

bool begins_with_quote(BytesView bytes) {
  return looks_like_intel_quote(bytes, kTeeSgx) || looks_like_intel_quote(bytes, kTeeTdx);
}

// Open Enclave, common/attest_plugin.h, oe_custom_claims: u64 version = 1 | u64 count | claims.
bool is_custom_claims(BytesView bytes) {
  return bytes.size() >= 16 && load_le<std::uint64_t>(bytes, 0) == 1 && load_le<std::uint64_t>(bytes, 8) <= 256;
}

Result<IntelWrapping> bare_quote(BytesView bytes) {
  IntelWrapping out;
  const QuoteParts parts = TRY(split_intel_quote(bytes));
  out.quote = to_bytes(bytes.first(parts.size));
  const BytesView rest = bytes.subspan(parts.size);
  if (is_custom_claims(rest)) {
    out.what = "Open Enclave evidence with custom claims";
    out.held_data.push_back(to_bytes(rest));
  } else if (!rest.empty()) {
    out.what = fmt::format("a quote followed by {} bytes that it says nothing about", rest.size());
  }
  return out;
}

// Open Enclave, include/openenclave/internal/report.h, oe_report_header_t: u32 version = 1 | u32 type = 2 | u64 size.
bool has_open_enclave_header(BytesView bytes) {
  return bytes.size() > 16 && load_le<std::uint32_t>(bytes, 0) == 1 && load_le<std::uint32_t>(bytes, 4) == 2 &&
         begins_with_quote(bytes.subspan(16));
}

Result<IntelWrapping> open_enclave_report(BytesView bytes, int depth) {
  const std::uint64_t size = load_le<std::uint64_t>(bytes, 8);
  if (size > bytes.size() - 16) return invalid("an Open Enclave report that is cut off");
  return inside("an Open Enclave report", bytes.subspan(16, size), depth);
}

// Protocol Buffers: fields 1 (a public key), 2 (evidence) and 3 (endorsements), all byte strings
// (signalapp/SecureValueRecovery2, shared/proto/msgs.proto, ClientHandshakeStart).
struct Handshake {
  std::array<BytesView, 4> fields;
};
Result<Handshake> parse_handshake(BytesView bytes) {
  Handshake out;
  ProtobufReader reader(bytes);
  while (!reader.at_end()) {
    const ProtobufField read = TRY(reader.next());
    if (read.value || read.number >= out.fields.size()) return invalid("another field");
    BytesView& field = out.fields[read.number];
    if (field.data() != nullptr) return invalid("a field twice");
    field = read.bytes;
  }
  if (out.fields[1].size() != 32 || !begins_with_quote(out.fields[2])) return invalid("no evidence");
  return out;
}

// X.509: certificates that carry a quote in an extension.
struct Extension {
  std::string_view what;
  std::array<std::uint8_t, 10> oid;
  std::size_t size;
};
constexpr Extension kExtensions[] = {
    {"an X.509 certificate with an Open Enclave report",  // 1.2.840.113556.10.1.1
     {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x14, 0x0a, 0x01, 0x01},
     9},
    {"an X.509 certificate with Open Enclave evidence",  // 1.2.840.113556.10.1.2
     {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x14, 0x0a, 0x01, 0x02},
     9},
    {"an X.509 certificate of RATS-TLS or Gramine",  // 1.2.840.113741.1337.6
     {0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x8a, 0x39, 0x06},
     9},
    {"an X.509 certificate with TCG DICE tagged evidence",  // 2.23.133.5.4.9
     {0x67, 0x81, 0x05, 0x05, 0x04, 0x09},
     6},
};

Result<std::optional<IntelWrapping>> from_certificate(const Certificate& certificate, int depth) {
  for (const Extension& extension : kExtensions) {
    Bytes oid;
    for (std::size_t i = 0; i < extension.size; ++i) oid.push_back(std::byte{extension.oid[i]});
    const auto contents = certificate.extension(oid);
    if (contents) return TRY(inside(extension.what, *contents, depth));
  }
  return std::nullopt;
}

// TCG DICE attestation architecture, 6.2, with the tag of Inclavare's rats-rs: 60000([quote, claims]).
Result<IntelWrapping> tagged_evidence(BytesView bytes, int depth) {
  cbor::Reader reader(bytes, {.deterministic = false});
  const std::uint64_t tag = TRY(reader.read_tag());
  if (tag != 60000) return invalid("CBOR tag {}", tag);
  TRY(reader.read_array_head(2));
  const BytesView quote = TRY(reader.read_bytes());
  const BytesView claims = TRY(reader.read_bytes());
  TRY(reader.finish());
  IntelWrapping out = TRY(inside("CBOR", quote, depth));
  out.held_data.push_back(to_bytes(claims));
  return out;
}

// Text: lines of comment in front, JSON, PEM, hexadecimal, base64.
std::string_view without_comments(std::string_view text) {
  while (text.starts_with("# ")) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return text;
    text.remove_prefix(end + 1);
  }
  return text;
}

Result<IntelWrapping> from_json(std::string_view text, int depth) {
  const nlohmann::json json = TRY(parse_json(text));
  if (is_composite(json)) return invalid("JSON of which a quote is only a part");
  constexpr const char* kKeys[] = {"quote",     "QuoteHex",  "Quote",    "td_quote", "tdx_quote",
                                   "sgx_quote", "raw_quote", "rawQuote", "evidence"};
  for (const char* key : kKeys) {
    const std::string* found = find_string(json, key);
    if (found == nullptr) continue;
    IntelWrapping out = TRY(inside(fmt::format("JSON (\"{}\")", key), as_bytes(*found), depth));
    if (const std::string* held = find_string(json, "EnclaveHeldDataHex")) {  // Azure Attestation's samples
      out.held_data.push_back(TRY(parse_hex(*held).within("EnclaveHeldDataHex")));
    }
    return out;
  }
  return invalid("JSON without a quote");
}

Result<IntelWrapping> from_text(std::string_view text, int depth) {
  if (text.starts_with('{')) return from_json(text, depth);
  if (text.starts_with("-----BEGIN CERTIFICATE")) {
    const auto blocks = TRY(parse_pem_blocks(text));
    return inside("PEM", blocks.front().der, depth);
  }
  if (auto bytes = decode_loose_hex(text)) return inside("hexadecimal text", *bytes, depth);
  if (auto bytes = decode_loose_base64(text)) return inside("base64 text", *bytes, depth);
  return invalid("text that is neither JSON nor PEM, hexadecimal or base64");
}

Result<IntelWrapping> unwrap(BytesView bytes, int depth) {
  if (depth > kMostWrappings) return invalid("wrapped too many times");
  if (bytes.empty()) return invalid("nothing");
  if (begins_with_quote(bytes)) return bare_quote(bytes);
  if (has_open_enclave_header(bytes)) return open_enclave_report(bytes, depth);
  const std::string_view text = as_text(bytes);
  if (const std::string_view rest = without_comments(text); rest.size() < text.size()) {
    return inside("lines of comment", as_bytes(rest), depth);
  }
  if (const auto handshake = parse_handshake(bytes)) {
    IntelWrapping out = TRY(inside("an SVR2 handshake", handshake->fields[2], depth));
    out.collateral.emplace_back("endorsements of the SVR2 handshake", to_bytes(handshake->fields[3]));
    return out;
  }
  if (const auto certificate = Certificate::parse(bytes)) {
    if (auto found = TRY(from_certificate(*certificate, depth))) return std::move(*found);
    return invalid("a certificate without a quote");
  }
  if (auto tagged = tagged_evidence(bytes, depth)) return std::move(*tagged);
  if (const auto plain = wrapped_text(bytes)) return from_text(*plain, depth);
  return invalid("neither a quote nor a known wrapping of one");
}

}  // namespace

Result<IntelWrapping> unwrap_intel_quote(BytesView bytes) {
  if (bytes.size() > kMostBytes) return exhausted("{} bytes are too many for a wrapped quote", bytes.size());
  return unwrap(bytes, 0).within("looking for an SGX or TDX quote");
}

bool looks_like_intel_wrapping(BytesView bytes) {
  return begins_with_quote(bytes) || has_open_enclave_header(bytes) || parse_handshake(bytes).has_value();
}

}  // namespace adyton
