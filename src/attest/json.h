// SPDX-License-Identifier: Apache-2.0
// JSON from strangers (RFC 8259): bounded, without names that occur twice, which two readers would read differently; and
// typed looks into it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include <adyton/result.h>

namespace adyton {

using Json = nlohmann::json;

struct JsonLimits {
  std::size_t bytes = std::size_t{1} << 20;
  std::size_t depth = 32;  // of arrays and objects within one another
};

// One value and nothing after it. Errors: invalid: not JSON, not UTF-8, a byte order mark, a name twice in one object (two
// readers could disagree on what was signed); exhausted: above the limits.
Result<Json> parse_json(std::string_view text, JsonLimits limits = {});

// The member of that name; null if there is none, or `value` is null or no object. So looks can be chained.
const Json* find(const Json* value, std::string_view name);

// What a value is, or nothing when it is absent or of another type.
std::optional<std::string_view> text_of(const Json* value);
std::optional<bool> boolean_of(const Json* value);
std::optional<std::int64_t> integer_of(const Json* value);
// Seconds since 1970 (RFC 7519, 2, NumericDate): an integer or a number with a fraction, which is cut off.
std::optional<std::int64_t> time_of(const Json* value);

// For people: a text as it is, anything else as JSON.
std::string display_of(const Json& value);

}  // namespace adyton
