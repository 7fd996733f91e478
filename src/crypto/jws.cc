// SPDX-License-Identifier: Apache-2.0
#include "crypto/jws.h"

#include "base/base64.h"
#include "base/error.h"

namespace adyton {
namespace {

struct Named {
  std::string_view name;
  JwsAlgorithm algorithm;
};

// RFC 7518, 3.1 and RFC 8037, 3.1; of EdDSA, only Ed25519 (VerifyingKey has no other).
constexpr Named kAlgorithms[] = {
    {"ES256", {SignatureAlgorithm::kEcdsaSha256, KeyType::kP256}},
    {"ES384", {SignatureAlgorithm::kEcdsaSha384, KeyType::kP384}},
    {"ES512", {SignatureAlgorithm::kEcdsaSha512, KeyType::kP521}},
    {"RS256", {SignatureAlgorithm::kRsaPkcs1Sha256, KeyType::kRsa}},
    {"RS384", {SignatureAlgorithm::kRsaPkcs1Sha384, KeyType::kRsa}},
    {"RS512", {SignatureAlgorithm::kRsaPkcs1Sha512, KeyType::kRsa}},
    {"PS256", {SignatureAlgorithm::kRsaPssSha256, KeyType::kRsa}},
    {"PS384", {SignatureAlgorithm::kRsaPssSha384, KeyType::kRsa}},
    {"PS512", {SignatureAlgorithm::kRsaPssSha512, KeyType::kRsa}},
    {"EdDSA", {SignatureAlgorithm::kEd25519, KeyType::kEd25519}},
};

Result<Bytes> parse_piece(std::string_view piece, std::string_view name) {
  if (piece.empty()) return invalid("the {} is empty", name);
  return parse_base64url(piece).within(name);
}

Result<CompactJws> parse(std::string_view text, std::size_t max_size) {
  if (text.size() > max_size) return exhausted("{} bytes; {} are the most", text.size(), max_size);
  const std::size_t first = text.find('.');
  const std::size_t second = first == std::string_view::npos ? first : text.find('.', first + 1);
  if (second == std::string_view::npos) return invalid("it is not of three pieces with dots between them");
  CompactJws out;
  out.header = TRY(parse_piece(text.substr(0, first), "header"));
  out.payload = TRY(parse_piece(text.substr(first + 1, second - first - 1), "payload"));
  out.signature = TRY(parse_piece(text.substr(second + 1), "signature"));
  out.text = text;
  out.signed_size = second;
  return out;
}

}  // namespace

Result<CompactJws> parse_compact_jws(std::string_view text, std::size_t max_size) {
  return parse(text, max_size).within("not a JSON Web Signature");
}

std::optional<JwsAlgorithm> jws_algorithm(std::string_view name) {
  for (const Named& entry : kAlgorithms) {
    if (entry.name == name) return entry.algorithm;
  }
  return {};
}

Result<void> verify_compact_jws(const CompactJws& jws, JwsAlgorithm algorithm, const VerifyingKey& key,
                                SeenSignatures* seen) {
  if (key.type() != algorithm.key_type) {
    return invalid("a key of type {} makes no signatures of {}", name_of(key.type()), name_of(algorithm.algorithm));
  }
  return key.verify(algorithm.algorithm, jws.signed_part(), jws.signature, EcdsaForm::kRaw, seen);
}

std::string_view jws_algorithm_name(KeyKind kind) {
  switch (kind) {
    case KeyKind::kP256: return "ES256";
    case KeyKind::kP384: return "ES384";
    case KeyKind::kEd25519: return "EdDSA";
    case KeyKind::kRsa3072: return "PS384";
  }
  return {};
}

Result<std::string> make_compact_jws(std::string_view header, BytesView payload, const PrivateKey& key) {
  std::string text = to_base64url(as_bytes(header)) + "." + to_base64url(payload);
  const Bytes signature = TRY(key.sign(as_bytes(text)));
  return text + "." + to_base64url(signature);
}

}  // namespace adyton
