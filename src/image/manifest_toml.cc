// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <functional>
#include <limits>
#include <map>

#include "base/error.h"
#include "base/toml.h"
#include "image/manifest.h"
#include "image/manifest_rules.h"

namespace adyton {
namespace {

// Takes a value out of the node of the key `name`; errors name the key and the line.
using Setter = std::function<Result<void>(const TomlNode& node, const std::string& name)>;
using Fields = std::map<std::string_view, Setter>;

std::string place(std::size_t line, const std::string& name) { return fmt::format("line {}: {}", line, name); }

template <class F>
Setter setter(F set) {
  return [set](const TomlNode& node, const std::string& name) {
    return Result<void>(set(node)).within(place(node.line, name));
  };
}

Result<std::uint64_t> number_of(const TomlNode& node) {
  const auto* number = node.as_integer();
  if (!number) return invalid("not a whole number");
  if (*number < 0) return invalid("{} is negative", *number);
  return static_cast<std::uint64_t>(*number);
}

Result<std::string> text_of(const TomlNode& node) {
  const auto* text = node.as_text();
  if (!text) return invalid("not a text in quotes");
  return *text;
}

// "64MiB", or a number of bytes.
Result<std::uint64_t> size_of(const TomlNode& node) {
  if (node.as_text() == nullptr) return number_of(node);
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
  return setter([&out, check](const TomlNode& node) -> Result<void> {
    const std::uint64_t value = TRY(number_of(node));
    if (check) TRY(check(value));
    if (value > std::numeric_limits<T>::max()) return invalid("{} is above {}", value, std::numeric_limits<T>::max());
    out = static_cast<T>(value);
    return {};
  });
}

Setter size(std::uint64_t& out, Result<void> (*check)(std::uint64_t)) {
  return setter([&out, check](const TomlNode& node) -> Result<void> {
    out = TRY(size_of(node));
    return check(out);
  });
}

Setter boolean(bool& out) {
  return setter([&out](const TomlNode& node) -> Result<void> {
    const auto* value = node.as_boolean();
    if (!value) return invalid("neither true nor false");
    out = *value;
    return {};
  });
}

Setter text(std::string& out, Result<void> (*check)(std::string_view)) {
  return setter([&out, check](const TomlNode& node) -> Result<void> {
    out = TRY(text_of(node));
    return check(out);
  });
}

// An identifier in hexadecimal.
template <std::size_t N>
Setter identifier(std::array<std::byte, N>& out) {
  return setter([&out](const TomlNode& node) -> Result<void> {
    const Result<Bytes> bytes = parse_hex(TRY(text_of(node)));
    if (!bytes || bytes->size() != N) return invalid("not {} hexadecimal digits in quotes", 2 * N);
    std::ranges::copy(*bytes, out.begin());
    return {};
  });
}

// A list of what `element` takes out of each entry.
template <class T>
Setter list(std::vector<T>& out, Setter (*element)(T&)) {
  return [&out, element](const TomlNode& node, const std::string& name) -> Result<void> {
    const auto* array = node.as_array();
    if (!array) return invalid("{}: not a list: write it as [a, b]", place(node.line, name));
    if (array->size() > kMaxManifestEntries) {
      return invalid("{}: more than {} entries", place(node.line, name), kMaxManifestEntries);
    }
    for (const TomlNode& entry : *array) {
      T value{};
      TRY(element(value)(entry, name));
      if (std::ranges::find(out, value) != out.end()) {
        return invalid("{}: {} is listed twice", place(entry.line, name), value);
      }
      out.push_back(std::move(value));
    }
    return {};
  };
}

Setter path(std::string& out) { return text(out, check_path); }
Setter port(std::uint16_t& out) { return number(out, check_port); }
Setter variable(std::string& out) { return text(out, check_variable); }
Setter file_digest(std::string& out) { return text(out, check_file_sha256); }
Setter feature(std::string& out) { return text(out, check_sgx_feature); }

Result<void> read_table(const TomlNode::Table& table, const std::string& prefix, const Fields& fields) {
  for (const auto& [key, line, node] : table) {
    const std::string name = prefix + key;
    const auto found = fields.find(key);
    if (found == fields.end()) return invalid("{}: unknown key", place(line, name));
    TRY(found->second(node, name));
  }
  return {};
}

Setter table(Fields fields) {
  return [fields](const TomlNode& node, const std::string& name) -> Result<void> {
    const auto* inner = node.as_table();
    if (!inner) return invalid("{}: not a table: write it as [{}]", place(node.line, name), name);
    return read_table(*inner, name + ".", fields);
  };
}

Result<Manifest> read_manifest(const TomlNode::Table& top) {
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
      {"sgx", table({{"features", list(out.sgx.features, feature)},
                     {"threads", number(out.sgx.threads, check_sgx_threads)},
                     {"exception_info", boolean(out.sgx.exception_info)},
                     {"provision_key", boolean(out.sgx.provision_key)},
                     {"kss", boolean(out.sgx.kss)},
                     {"family_id", identifier(out.sgx.family_id)},
                     {"extended_product_id", identifier(out.sgx.extended_product_id)},
                     {"file_sha256", list(out.sgx.file_sha256, file_digest)},
                     {"malloc_arenas", number(out.sgx.malloc_arenas, check_malloc_arenas)}})},
  };
  TRY(read_table(top, "", fields));
  TRY(check_sgx(out));  // what concerns several of its keys
  if (out.name.empty()) return invalid("the key \"name\" is missing: write, for example, name = \"vault\"");
  return out;
}

}  // namespace

Result<Manifest> parse_manifest_toml(std::string_view toml) {
  return read_manifest(TRY(parse_toml(toml).within("manifest"))).within("manifest");
}

}  // namespace adyton
