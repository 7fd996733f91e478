// SPDX-License-Identifier: Apache-2.0
// Sets of public keys as web services publish them (RFC 7517, RFC 7518).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <adyton/result.h>
#include "crypto/x509.h"

namespace adyton {

struct JsonWebKeys {
  struct Key {
    std::string id;  // "kid"; may be empty
    VerifyingKey key;
    std::vector<Certificate> certificates;  // "x5c", the key's own first
  };
  std::vector<Key> keys;
};

bool looks_like_json_web_keys(const nlohmann::json& json);

// A set, or one key. Keys of kinds that crypto/signature.h does not have are left out. Errors: invalid: a key that is
// malformed, or that is not the one its certificate is for.
Result<JsonWebKeys> parse_json_web_keys(const nlohmann::json& json);

}  // namespace adyton
