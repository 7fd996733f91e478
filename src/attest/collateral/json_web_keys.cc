// SPDX-License-Identifier: Apache-2.0
#include "attest/collateral/json_web_keys.h"

#include <algorithm>

#include "attest/json.h"
#include "base/base64.h"
#include "base/error.h"

namespace adyton {
namespace {

constexpr std::size_t kMaxKeys = 256, kMaxCertificates = 16;

Result<Bytes> read_number(const Json& json, const char* name) {
  const std::string* text = find_string(json, name);
  if (text == nullptr) return invalid("\"{}\" is missing", name);
  return parse_base64url(*text).within(name);
}

// RFC 7517, 4.7: standard base64 of DER.
Result<std::vector<Certificate>> read_certificates(const Json& json) {
  std::vector<Certificate> out;
  const Json* list = find_member(json, "x5c");
  if (list == nullptr) return out;
  if (!list->is_array() || list->size() > kMaxCertificates) return invalid("\"x5c\" is no list of certificates");
  for (const Json& item : *list) {
    const auto* text = item.get_ptr<const std::string*>();
    if (text == nullptr) return invalid("\"x5c\" is no list of certificates");
    out.push_back(TRY(Certificate::parse(TRY(parse_base64(*text).within("x5c")))));
  }
  return out;
}

// RFC 7518, 6. Nothing for other kinds of keys, and for those that are only described by their certificate.
Result<std::optional<VerifyingKey>> read_key(const Json& json, const std::string& kind) {
  if (kind == "RSA") {
    if (find_member(json, "n") == nullptr) return std::nullopt;
    return TRY(VerifyingKey::from_rsa(TRY(read_number(json, "n")), TRY(read_number(json, "e"))));
  }
  if (kind == "EC") {
    if (find_member(json, "x") == nullptr) return std::nullopt;
    const std::string* name = find_string(json, "crv");
    for (const KeyType curve : {KeyType::kP256, KeyType::kP384, KeyType::kP521}) {
      if (name == nullptr || *name != name_of(curve)) continue;
      return TRY(VerifyingKey::from_point(curve, TRY(read_number(json, "x")), TRY(read_number(json, "y"))));
    }
  }
  return std::nullopt;
}

Result<void> add_key(const Json& json, JsonWebKeys& out) {
  const std::string* kind = find_string(json, "kty");
  if (kind == nullptr) return invalid("\"kty\" is missing");
  if (*kind != "RSA" && *kind != "EC") return {};
  std::optional<VerifyingKey> key = TRY(read_key(json, *kind));
  std::vector<Certificate> certificates = TRY(read_certificates(json));
  if (!certificates.empty()) {
    const VerifyingKey& certified = certificates[0].key();
    if (key && !std::ranges::equal(key->spki(), certified.spki())) {
      return invalid("its certificate is for another key (RFC 7517, 4.7)");
    }
    key = certified;
  }
  if (!key) return {};
  const std::string* id = find_string(json, "kid");
  out.keys.push_back({id == nullptr ? "" : *id, std::move(*key), std::move(certificates)});
  return {};
}

}  // namespace

bool looks_like_json_web_keys(const Json& json) {
  if (find_string(json, "kty") != nullptr) return true;
  const Json* keys = find_member(json, "keys");
  return keys != nullptr && keys->is_array();
}

Result<JsonWebKeys> parse_json_web_keys(const Json& json) {
  JsonWebKeys out;
  if (find_string(json, "kty") != nullptr) {
    TRY(add_key(json, out).within("a JSON Web Key"));
    return out;
  }
  const Json* keys = find_member(json, "keys");
  if (keys == nullptr || !keys->is_array()) return invalid("not a set of JSON Web Keys");
  if (keys->size() > kMaxKeys) return invalid("more than {} JSON Web Keys", kMaxKeys);
  // RFC 7517, 5: keys of a set that cannot be used are left out. Not all of them, though.
  Result<void> first_error;
  for (const Json& key : *keys) {
    Result<void> added = add_key(key, out).within("a JSON Web Key");
    if (!added && first_error) first_error = std::move(added);
  }
  if (out.keys.empty() && !first_error) return std::move(first_error).error();
  return out;
}

}  // namespace adyton
