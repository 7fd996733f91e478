// SPDX-License-Identifier: Apache-2.0
// What counts as white space in text from strangers, whatever the locale says.
#pragma once

#include <algorithm>
#include <string_view>

namespace adyton {

inline constexpr std::string_view kWhiteSpace = " \t\r\n";  // as JSON, XML and TOML have it

constexpr bool is_space(char c) { return kWhiteSpace.contains(c); }

// Without the characters of `space` at both ends.
constexpr std::string_view trimmed(std::string_view text, std::string_view space = kWhiteSpace) {
  text.remove_prefix(std::min(text.find_first_not_of(space), text.size()));
  return text.substr(0, text.find_last_not_of(space) + 1);
}

// C programs leave the zero that ends their texts in.
constexpr std::string_view trimmed_of_zeros(std::string_view text) {
  return trimmed(text, std::string_view(" \t\r\n\0", 5));
}

}  // namespace adyton
