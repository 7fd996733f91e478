// SPDX-License-Identifier: Apache-2.0
#include "crypto/cose.h"

#include <algorithm>
#include <vector>

#include "base/error.h"

namespace adyton {
namespace {

constexpr std::uint64_t kTagSign1 = 18;  // RFC 9052, 2
constexpr std::size_t kMaxHeaders = 64;  // in the unprotected map; each is compared with each of the protected ones

// The algorithm the protected headers name. Errors: invalid, if there is none, or it is not a number.
Result<std::int64_t> algorithm_of(BytesView protected_headers) {
  const auto encoded = TRY(find_cose_header(protected_headers, kCoseAlgorithm, {.deterministic = false}));
  if (!encoded) return invalid("the protected headers name no algorithm");
  return cbor::Reader(*encoded, {.deterministic = false}).read_integer();
}

Result<void> check_headers(const CoseSign1& message, cbor::Rules rules) {
  (void)TRY(algorithm_of(message.protected_headers));
  const auto critical = TRY(find_cose_header(message.protected_headers, kCoseCritical, rules));
  if (critical) return invalid("it asks for extensions that are not understood (crit)");

  std::vector<cbor::Key> labels;
  cbor::Reader unprotected(message.unprotected_headers, rules);
  const auto note = [&](const cbor::Key& label) -> Result<void> {
    if (labels.size() == kMaxHeaders) return invalid("more than {} header parameters", kMaxHeaders);
    labels.push_back(label);
    TRY(unprotected.read_item());
    return {};
  };
  TRY(unprotected.read_map(note));

  cbor::Reader reader(message.protected_headers, rules);
  const auto compare = [&](const cbor::Key& label) -> Result<void> {
    if (std::ranges::find(labels, label) != labels.end()) {
      return invalid("header {} is both protected and not", label.to_string());
    }
    TRY(reader.read_item());
    return {};
  };
  return reader.read_map(compare);
}

Result<CoseSign1> parse(BytesView encoded, cbor::Rules rules) {
  cbor::Reader reader(encoded, rules);
  if (TRY(reader.peek()) == cbor::Type::kTag) {
    const std::uint64_t tag = TRY(reader.read_tag());
    if (tag != kTagSign1) return invalid("tag {} is not COSE_Sign1's", tag);
  }
  CoseSign1 message;
  TRY(reader.read_array_head(4));
  message.protected_headers = to_bytes(TRY(reader.read_bytes()));
  message.unprotected_headers = to_bytes(TRY(reader.read_item()));
  if (!TRY(reader.skip_null())) message.payload = to_bytes(TRY(reader.read_bytes()));
  message.signature = to_bytes(TRY(reader.read_bytes()));
  TRY(reader.finish());
  TRY(check_headers(message, rules));
  return message;
}

}  // namespace

std::int64_t cose_algorithm_of(KeyKind kind) {
  switch (kind) {
    case KeyKind::kP256: return -7;
    case KeyKind::kEd25519: return -8;
    case KeyKind::kP384: return -35;
    case KeyKind::kRsa3072: return -38;
  }
  return 0;  // "reserved" (RFC 9053, 2)
}

Result<CoseSign1> parse_cose_sign1(BytesView encoded, cbor::Rules rules) {
  return parse(encoded, rules).within("not a COSE_Sign1");
}

Bytes encode_cose_sign1(const CoseSign1& message) {
  cbor::Writer out;
  out.tag(kTagSign1).array(4).bytes(message.protected_headers).item(message.unprotected_headers);
  if (message.payload) {
    out.bytes(*message.payload);
  } else {
    out.null();
  }
  return out.bytes(message.signature).encoded();
}

Result<std::optional<BytesView>> find_cose_header(BytesView headers, std::int64_t label, cbor::Rules rules) {
  std::optional<BytesView> found;
  cbor::Reader reader(headers, rules);
  const auto compare = [&](const cbor::Key& key) -> Result<void> {
    const BytesView value = TRY(reader.read_item());
    if (key == label) found = value;
    return {};
  };
  TRY(reader.read_map(compare));
  TRY(reader.finish());
  return found;
}

Bytes cose_to_be_signed(BytesView protected_headers, BytesView payload, BytesView external) {
  return cbor::Writer().array(4).text("Signature1").bytes(protected_headers).bytes(external).bytes(payload).encoded();
}

Result<void> verify_cose_sign1(const CoseSign1& message, const PublicKey& key, std::optional<BytesView> detached,
                               BytesView external) {
  if (message.payload && detached) return invalid("two payloads: one in the message and one beside it");
  if (!message.payload && !detached) return invalid("the signed payload is missing");
  const std::int64_t algorithm = TRY(algorithm_of(message.protected_headers));
  if (algorithm != cose_algorithm_of(key.kind())) {
    return untrusted("signed with algorithm {}, which is not that of the key ({})", algorithm,
                     cose_algorithm_of(key.kind()));
  }
  const BytesView payload = detached ? *detached : BytesView(*message.payload);
  return key.verify(cose_to_be_signed(message.protected_headers, payload, external), message.signature);
}

}  // namespace adyton
