// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <functional>
#include <limits>
#include <map>

// toml++ 3.3 asserts some of what its input promises (a key after '['), and takes it for granted in release builds:
// both end in a crash where the code after the assertion would have reported the error.
#undef NDEBUG
#define TOML_ASSERT(condition) static_cast<void>(0)
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include "base/error.h"
#include "image/manifest.h"
#include "image/manifest_rules.h"

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

// Takes a value out of the node of the key `name`; errors name the key and the line.
using Setter = std::function<Result<void>(const toml::node& node, const std::string& name)>;
using Fields = std::map<std::string_view, Setter>;

std::string place(const toml::source_region& source, const std::string& name) {
  return fmt::format("line {}: {}", source.begin.line, name);
}

template <class F>
Setter setter(F set) {
  return [set](const toml::node& node, const std::string& name) {
    return Result<void>(set(node)).within(place(node.source(), name));
  };
}

Result<std::uint64_t> number_of(const toml::node& node) {
  const auto* number = node.as_integer();
  if (!number) return invalid("not a whole number");
  if (number->get() < 0) return invalid("{} is negative", number->get());
  return static_cast<std::uint64_t>(number->get());
}

Result<std::string> text_of(const toml::node& node) {
  const auto* text = node.as_string();
  if (!text) return invalid("not a text in quotes");
  return text->get();
}

// "64MiB", or a number of bytes.
Result<std::uint64_t> size_of(const toml::node& node) {
  if (!node.is_string()) return number_of(node);
  const std::string text = TRY(text_of(node));
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::string_view unit = std::string_view(text).substr(digits);
  const std::pair<std::string_view, unsigned> units[] = {{"KiB", 10}, {"MiB", 20}, {"GiB", 30}};
  const auto* found = std::ranges::find(units, unit, &std::pair<std::string_view, unsigned>::first);
  // Nine digits, shifted by 30 bits, fit.
  if (digits == 0 || digits > 9 || found == std::end(units)) {
    return invalid("\"{}\" is not a size: write it as \"64MiB\" (KiB, MiB, GiB), or as a number of bytes", text);
  }
  return std::uint64_t{std::stoul(text.substr(0, digits))} << found->second;
}

template <class T>
Setter number(T& out, Result<void> (*check)(std::uint64_t) = nullptr) {
  return setter([&out, check](const toml::node& node) -> Result<void> {
    const std::uint64_t value = TRY(number_of(node));
    if (check) TRY(check(value));
    if (value > std::numeric_limits<T>::max()) return invalid("{} is above {}", value, std::numeric_limits<T>::max());
    out = static_cast<T>(value);
    return {};
  });
}

Setter size(std::uint64_t& out, Result<void> (*check)(std::uint64_t)) {
  return setter([&out, check](const toml::node& node) -> Result<void> {
    out = TRY(size_of(node));
    return check(out);
  });
}

Setter boolean(bool& out) {
  return setter([&out](const toml::node& node) -> Result<void> {
    const auto* value = node.as_boolean();
    if (!value) return invalid("neither true nor false");
    out = value->get();
    return {};
  });
}

Setter text(std::string& out, Result<void> (*check)(std::string_view)) {
  return setter([&out, check](const toml::node& node) -> Result<void> {
    out = TRY(text_of(node));
    return check(out);
  });
}

// A list of what `element` takes out of each entry.
template <class T>
Setter list(std::vector<T>& out, Setter (*element)(T&)) {
  return [&out, element](const toml::node& node, const std::string& name) -> Result<void> {
    const auto* array = node.as_array();
    if (!array) return invalid("{}: not a list: write it as [a, b]", place(node.source(), name));
    if (array->size() > kMaxManifestEntries) {
      return invalid("{}: more than {} entries", place(node.source(), name), kMaxManifestEntries);
    }
    for (const toml::node& entry : *array) {
      T value{};
      TRY(element(value)(entry, name));
      if (std::ranges::find(out, value) != out.end()) {
        return invalid("{}: {} is listed twice", place(entry.source(), name), value);
      }
      out.push_back(std::move(value));
    }
    return {};
  };
}

Setter path(std::string& out) { return text(out, check_path); }
Setter port(std::uint16_t& out) { return number(out, check_port); }
Setter variable(std::string& out) { return text(out, check_variable); }

Result<void> read_table(const toml::table& table, const std::string& prefix, const Fields& fields) {
  for (const auto& [key, node] : table) {
    const std::string name = prefix + std::string(key.str());
    const auto found = fields.find(key.str());
    if (found == fields.end()) return invalid("{}: unknown key", place(key.source(), name));
    TRY(found->second(node, name));
  }
  return {};
}

Setter table(Fields fields) {
  return [fields](const toml::node& node, const std::string& name) -> Result<void> {
    const auto* inner = node.as_table();
    if (!inner) return invalid("{}: not a table: write it as [{}]", place(node.source(), name), name);
    return read_table(*inner, name + ".", fields);
  };
}

Result<Manifest> read_manifest(const toml::table& top) {
  Manifest out;
  const Fields fields = {
      {"name", text(out.name, check_image_name)},
      {"product", number(out.product)},
      {"svn", number(out.svn)},
      {"debug", boolean(out.debug)},
      {"memory", table({{"heap", size(out.memory.heap_bytes, check_heap)},
                        {"stack", size(out.memory.stack_bytes, check_stack)},
                        {"require_secret", boolean(out.memory.require_secret)}})},
      {"threads", number(out.threads, check_threads)},
      {"files", table({{"read", list(out.files.read, path)}, {"write", list(out.files.write, path)}})},
      {"network", table({{"connect", list(out.network.connect, port)}, {"listen", list(out.network.listen, port)}})},
      {"environment", list(out.environment, variable)},
  };
  TRY(read_table(top, "", fields));
  if (out.name.empty()) return invalid("the key \"name\" is missing: write, for example, name = \"vault\"");
  return out;
}

}  // namespace

Result<Manifest> parse_manifest_toml(std::string_view toml) {
  if (toml.size() > kMaxTomlBytes)
    return invalid("manifest: {} bytes: at most {} are read", toml.size(), kMaxTomlBytes);
  TRY(check_characters(toml).within("manifest"));
  const toml::parse_result parsed = toml::parse(toml);
  if (!parsed) {
    return invalid("manifest: line {}: {}", parsed.error().source().begin.line, parsed.error().description());
  }
  return read_manifest(parsed.table()).within("manifest");
}

}  // namespace adyton
