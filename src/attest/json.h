// SPDX-License-Identifier: Apache-2.0
// JSON from strangers (RFC 8259): bounded, and without names that occur twice, which two readers would read
// differently.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include <adyton/bytes.h>
#include <adyton/result.h>

namespace adyton {

struct JsonLimits {
  std::size_t bytes = 16 << 20;
  std::size_t depth = 32;
};

// Errors: invalid. Never throws.
Result<nlohmann::json> parse_json(std::string_view text, JsonLimits limits = {});

// The member `name` of an object. Null when `object` is none or has no such member (or one that is no string).
const nlohmann::json* find_member(const nlohmann::json& object, const char* name);
const std::string* find_string(const nlohmann::json& object, const char* name);

}  // namespace adyton
