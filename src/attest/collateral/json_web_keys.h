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

// A set, or one key. Of a set, keys that cannot be used are left out (RFC 7517, 5): of kinds or sizes that
// crypto/signature.h does not have, malformed, or not the one their certificate is for. Errors: invalid: the one key is
// malformed or not its certificate's, or so are all those of a set.
Result<JsonWebKeys> parse_json_web_keys(const nlohmann::json& json);

}  // namespace adyton
