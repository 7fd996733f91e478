// SPDX-License-Identifier: Apache-2.0
#include "base/toml.h"

// toml++ 3.3 asserts some of what its input promises (a key after '['), and takes it for granted in release builds:
// both end in a crash where the code after the assertion would have reported the error.
#undef NDEBUG
#define TOML_ASSERT(condition) static_cast<void>(0)
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include "base/error.h"

namespace adyton {
namespace {

constexpr std::size_t kMaxTomlBytes = 1 << 20;

// toml++ 3.3 takes for granted that no character outside ASCII stands where it looks for white space (it ends in
// __builtin_unreachable()). It does not look into comments; everywhere else such characters are refused.
Result<void> check_characters(std::string_view text) {
  enum class In : std::uint8_t { kPlain, kComment, kString, kLongString } in = In::kPlain;
  char quote = 0;
  std::size_t line = 1;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in != In::kComment && (c & 0x80) != 0) {
      return invalid("line {}: a character outside ASCII: outside comments, write it as \\uXXXX in a string", line);
    }
    const auto tripled = [&] { return text.substr(i, 3) == std::string(3, c); };
    if (c == '\n') ++line;
    if (in == In::kPlain && c == '#') {
      in = In::kComment;
    } else if (in == In::kPlain && (c == '"' || c == '\'')) {
      quote = c;
      in = tripled() ? In::kLongString : In::kString;
      if (in == In::kLongString) i += 2;
    } else if ((in == In::kComment || in == In::kString) && c >= '\n' && c <= '\r') {
      in = In::kPlain;
    } else if (in == In::kString && c == quote) {
      in = In::kPlain;
    } else if (in == In::kLongString && c == quote && tripled()) {
      in = In::kPlain;
      i += 2;
      for (int more = 0; more < 2 && text.substr(i + 1, 1) == text.substr(i, 1); ++more) ++i;  // quotes before the end
    } else if ((in == In::kString || in == In::kLongString) && quote == '"' && c == '\\' &&
               text.substr(i + 1, 1) != "\n") {
      ++i;
    }
  }
  return {};
}

Result<TomlNode::Table> table_of(const toml::table& table);

Result<TomlNode> node_of(const toml::node& node) {
  TomlNode out{.value = false, .line = node.source().begin.line};
  if (const auto* boolean = node.as_boolean()) {
    out.value = boolean->get();
  } else if (const auto* integer = node.as_integer()) {
    out.value = integer->get();
  } else if (const auto* real = node.as_floating_point()) {
    out.value = real->get();
  } else if (const auto* text = node.as_string()) {
    out.value = text->get();
  } else if (const auto* table = node.as_table()) {
    out.value = TRY(table_of(*table));
  } else if (const auto* array = node.as_array()) {
    TomlNode::Array elements;
    elements.reserve(array->size());
    for (const toml::node& element : *array) elements.push_back(TRY(node_of(element)));
    out.value = std::move(elements);
  } else {
    return invalid("line {}: dates and times are not used here", out.line);
  }
  return out;
}

// toml++ itself bounds how deep tables and arrays are within one another.
Result<TomlNode::Table> table_of(const toml::table& table) {
  TomlNode::Table out;
  for (const auto& [key, node] : table) {
    TomlNode value = TRY(node_of(node));
    out.push_back({std::string(key.str()), key.source().begin.line, std::move(value)});
  }
  return out;
}

}  // namespace

Result<TomlNode::Table> parse_toml(std::string_view text) {
  if (text.size() > kMaxTomlBytes) return invalid("{} bytes: at most {} are read", text.size(), kMaxTomlBytes);
  TRY(check_characters(text));
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) return invalid("line {}: {}", parsed.error().source().begin.line, parsed.error().description());
  return table_of(parsed.table());
}

std::string toml_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += fmt::format("\\u{:04X}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

}  // namespace adyton
