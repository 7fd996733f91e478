// SPDX-License-Identifier: Apache-2.0
// JSON from strangers (RFC 8259): bounded, and without names that occur twice, which two readers would read
// differently.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include <adyton/bytes.h>
#include <adyton/result.h>

namespace adyton {

using Json = nlohmann::json;

struct JsonLimits {
  std::size_t bytes = 16 << 20;
  std::size_t depth = 32;  // of arrays and objects within one another
};

// One value and nothing after it; UTF-8, no byte order mark. Errors: invalid. Never throws.
Result<Json> parse_json(std::string_view text, JsonLimits limits = {});

// The member `name` of an object. Null when `object` is none or has no such member (or one that is no string).
const nlohmann::json* find_member(const nlohmann::json& object, const char* name);
const std::string* find_string(const nlohmann::json& object, const char* name);

// Likewise, with a null value for what is not there: so looks can be chained.
const Json& member(const Json& object, const char* name);

// The member `name`; null if there is none, or `value` is null or no object: so looks can be chained.
const Json* find(const Json* value, std::string_view name);

// What a value is, or nothing when it is null or of another type.
std::optional<std::string_view> text_of(const Json* value);
std::optional<bool> boolean_of(const Json* value);
std::optional<std::int64_t> integer_of(const Json* value);
// Seconds since 1970 (RFC 7519, 2, NumericDate): an integer, or a number with a fraction, which is cut off.
std::optional<std::int64_t> time_of(const Json* value);

// The bytes that an array of numbers stands for. Errors: invalid, for anything else.
Result<Bytes> bytes_of_array(const Json& value);

// For people: a text as it is, anything else as JSON.
std::string display_of(const Json& value);

}  // namespace adyton
