// SPDX-License-Identifier: Apache-2.0
#include "crypto/cose.h"

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "crypto/crypto.h"

namespace adyton {
namespace {

constexpr std::uint64_t kTagMac0 = 17, kTagSign1 = 18;  // RFC 9052, 2
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
    if (label == kCoseCritical) return invalid("critical headers (crit) that are not protected");  // RFC 9052, 3.1
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

struct Algorithm {
  std::int64_t number;
  std::string_view name;
  KeyType key;
  SignatureAlgorithm signature;
};
// RFC 9053, tables 1 and 2; RFC 8230, table 1. RFC 9053 lets ES256 go with any curve; all known evidence and RFC 9864's
// successors of these numbers have one curve for each.
constexpr Algorithm kAlgorithms[] = {
    {-7, "ES256", KeyType::kP256, SignatureAlgorithm::kEcdsaSha256},
    {-8, "EdDSA", KeyType::kEd25519, SignatureAlgorithm::kEd25519},
    {-35, "ES384", KeyType::kP384, SignatureAlgorithm::kEcdsaSha384},
    {-36, "ES512", KeyType::kP521, SignatureAlgorithm::kEcdsaSha512},
    {-37, "PS256", KeyType::kRsa, SignatureAlgorithm::kRsaPssSha256},
    {-38, "PS384", KeyType::kRsa, SignatureAlgorithm::kRsaPssSha384},
    {-39, "PS512", KeyType::kRsa, SignatureAlgorithm::kRsaPssSha512},
};

const Algorithm* find_algorithm(std::int64_t number) {
  const auto* found = std::ranges::find(kAlgorithms, number, &Algorithm::number);
  return found == std::end(kAlgorithms) ? nullptr : found;
}

// What the signature is over: the one payload there is.
Result<BytesView> payload_of(const CoseSign1& message, std::optional<BytesView> detached) {
  if (message.payload && detached) return invalid("two payloads: one in the message and one beside it");
  if (!message.payload && !detached) return invalid("the signed payload is missing");
  return detached ? *detached : BytesView(*message.payload);
}

// COSE_Sign1 and COSE_Mac0 differ in nothing but the tag and what the last of their four items is for.
Result<CoseSign1> parse(BytesView encoded, std::uint64_t wanted_tag, cbor::Rules rules) {
  cbor::Reader reader(encoded, rules);
  if (TRY(reader.peek()) == cbor::Type::kTag) {
    const std::uint64_t tag = TRY(reader.read_tag());
    if (tag != wanted_tag) return invalid("its tag is {}, not {}", tag, wanted_tag);
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
  return parse(encoded, kTagSign1, rules).within("not a COSE_Sign1");
}

Result<CoseMac0> parse_cose_mac0(BytesView encoded, cbor::Rules rules) {
  CoseSign1 message = TRY(parse(encoded, kTagMac0, rules).within("not a COSE_Mac0"));
  if (!message.payload) return invalid("not a COSE_Mac0: the payload is missing");
  return CoseMac0{std::move(message.protected_headers), std::move(message.unprotected_headers),
                  *std::move(message.payload), std::move(message.signature)};
}

Result<void> verify_cose_mac0(const CoseMac0& message, BytesView key, BytesView external) {
  const std::int64_t algorithm = TRY(algorithm_of(message.protected_headers));
  constexpr std::int64_t kHmac256 = 5, kHmac384 = 6, kHmac512 = 7;  // RFC 9053, table 3
  HmacHash hash;
  switch (algorithm) {
    case kHmac256: hash = HmacHash::kSha256; break;
    case kHmac384: hash = HmacHash::kSha384; break;
    case kHmac512: hash = HmacHash::kSha512; break;
    default: return invalid("authenticated with algorithm {}, which is not known here", algorithm);
  }
  // RFC 9052, 6.3: the MAC_structure.
  const cbor::Writer structure =
      cbor::Writer().array(4).text("MAC0").bytes(message.protected_headers).bytes(external).bytes(message.payload);
  return verify_hmac(hash, key, structure.encoded(), message.code);
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
  const BytesView payload = TRY(payload_of(message, detached));
  const std::int64_t algorithm = TRY(cose_algorithm_of(message));
  if (algorithm != cose_algorithm_of(key.kind())) {
    return untrusted("signed with algorithm {}, which is not that of the key ({})", algorithm,
                     cose_algorithm_of(key.kind()));
  }
  return key.verify(cose_to_be_signed(message.protected_headers, payload, external), message.signature);
}

Result<void> verify_cose_sign1(const CoseSign1& message, const VerifyingKey& key, std::optional<BytesView> detached,
                               BytesView external, SeenSignatures* seen) {
  const BytesView payload = TRY(payload_of(message, detached));
  const std::int64_t number = TRY(cose_algorithm_of(message));
  const Algorithm* algorithm = find_algorithm(number);
  if (!algorithm) return invalid("signed with algorithm {}, which is not known here", number);
  if (algorithm->key != key.type()) {
    return untrusted("signed with {}, which is not for a key of type {}", algorithm->name, name_of(key.type()));
  }
  return key.verify(algorithm->signature, cose_to_be_signed(message.protected_headers, payload, external),
                    message.signature, EcdsaForm::kRaw, seen);
}

Result<std::int64_t> cose_algorithm_of(const CoseSign1& message) { return algorithm_of(message.protected_headers); }

std::string_view cose_algorithm_name(std::int64_t algorithm) {
  const Algorithm* found = find_algorithm(algorithm);
  return found ? found->name : std::string_view();
}

std::optional<KeyType> cose_key_type_of(std::int64_t algorithm) {
  const Algorithm* found = find_algorithm(algorithm);
  if (!found) return {};
  return found->key;
}

}  // namespace adyton
