// SPDX-License-Identifier: Apache-2.0
// TOML 1.0, which people write manifests and policies in: a text becomes a tree whose nodes know their lines.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <adyton/result.h>

namespace adyton {

struct TomlEntry;

struct TomlNode {
  using Array = std::vector<TomlNode>;
  using Table = std::vector<TomlEntry>;  // ascending by key; no key twice
  std::variant<bool, std::int64_t, double, std::string, Array, Table> value;
  std::size_t line = 0;

  [[nodiscard]] const bool* as_boolean() const { return std::get_if<bool>(&value); }
  [[nodiscard]] const std::int64_t* as_integer() const { return std::get_if<std::int64_t>(&value); }
  [[nodiscard]] const std::string* as_text() const { return std::get_if<std::string>(&value); }
  [[nodiscard]] const Array* as_array() const { return std::get_if<Array>(&value); }
  [[nodiscard]] const Table* as_table() const { return std::get_if<Table>(&value); }
};

struct TomlEntry {
  std::string key;
  std::size_t line = 0;  // of the key
  TomlNode node;
};

// At most 1 MiB. Characters outside ASCII are taken in comments only; dates and times are refused. Errors: invalid,
// with the line.
Result<TomlNode::Table> parse_toml(std::string_view text);

// A text as TOML has it in quotes.
std::string toml_text(std::string_view text);

}  // namespace adyton
