// SPDX-License-Identifier: Apache-2.0
#include "attest/xml.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <tuple>
#include <utility>

#include "base/error.h"
#include "base/utf8.h"
#include "base/white_space.h"

namespace adyton::xml {
namespace {

bool is_name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_name(char c) { return is_name_start(c) || (c >= '0' && c <= '9') || c == '-' || c == '.'; }

using Scope = std::map<std::string, std::string>;  // prefix to namespace

// What is in scope within an element; nothing, if that is the same as around it, as it mostly is.
std::optional<Scope> extended(const Scope& outer, const Element& element) {
  if (element.declared.empty()) return {};
  Scope out = outer;
  for (const auto& [prefix, uri] : element.declared) out[prefix] = uri;
  return out;
}

struct QName {
  std::string prefix, local;
  bool operator==(const QName&) const = default;
};

// XML 1.0, fifth edition, 2.2; UTF-8 of a code point that is a Char.
Result<std::string> encode_character(std::uint32_t code) {
  const bool allowed = code == 0x9 || code == 0xa || code == 0xd || (code >= 0x20 && code <= 0xd7ff) ||
                       (code >= 0xe000 && code <= 0xfffd) || (code >= 0x10000 && code <= 0x10ffff);
  if (!allowed) return invalid("a character that XML does not have: {}", code);
  std::string out;
  const auto tail = [&](unsigned shift) { out.push_back(static_cast<char>(0x80 | (code >> shift & 0x3f))); };
  if (code < 0x80) {
    out.push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    out.push_back(static_cast<char>(0xc0 | code >> 6));
    tail(0);
  } else if (code < 0x10000) {
    out.push_back(static_cast<char>(0xe0 | code >> 12));
    tail(6), tail(0);
  } else {
    out.push_back(static_cast<char>(0xf0 | code >> 18));
    tail(12), tail(6), tail(0);
  }
  return out;
}

class Parser {
 public:
  Parser(std::string_view text, Limits limits) : rest_(text), size_(text.size()), limits_(limits) {}

  Result<Element> document() {
    if (rest_.starts_with("<?xml ")) TRY(declaration());
    skip_space();
    Element root = TRY(element({{"", ""}}, 0));
    skip_space();
    if (!rest_.empty()) return error("something after the document's end");
    return root;
  }

 private:
  Error error(std::string_view what) const { return invalid("{} at byte {}", what, size_ - rest_.size()); }
  bool skip(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }
  bool skip_space() {
    const std::size_t before = rest_.size();
    while (!rest_.empty() && is_space(rest_[0])) rest_.remove_prefix(1);
    return rest_.size() != before;
  }

  // <?xml version="1.0" encoding="UTF-8"?>: only in the encoding that is read here.
  Result<void> declaration() {
    const std::size_t end = rest_.find("?>");
    if (end == rest_.npos) return error("an XML declaration without end");
    std::string text(rest_.substr(0, end));
    std::ranges::transform(text, text.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    if (text.contains("encoding") && !text.contains("utf-8")) return error("another encoding than UTF-8");
    rest_.remove_prefix(end + 2);
    return {};
  }

  Result<std::string> name() {
    if (rest_.empty() || !is_name_start(rest_[0])) return error("a name is missing");
    const auto end = std::ranges::find_if_not(rest_, is_name);
    std::string out(rest_.begin(), end);
    rest_.remove_prefix(out.size());
    return out;
  }
  Result<QName> qualified_name() {
    std::string first = TRY(name());
    if (!skip(":")) return QName{"", std::move(first)};
    std::string second = TRY(name());
    return QName{std::move(first), std::move(second)};
  }

  // After '&': one of the five entities, or a character's number.
  Result<std::string> reference() {
    const std::size_t end = rest_.substr(0, 12).find(';');
    if (end == rest_.npos) return error("a reference without end");
    const std::string_view text = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    if (text == "lt") return "<";
    if (text == "gt") return ">";
    if (text == "amp") return "&";
    if (text == "quot") return "\"";
    if (text == "apos") return "'";
    if (!text.starts_with('#')) return error("an entity that is not declared");
    const bool hex = text.starts_with("#x");
    const std::string_view digits = text.substr(hex ? 2 : 1);
    if (digits.empty()) return error("a character reference without number");
    std::uint32_t code = 0;  // at most 10 digits, so the last steps are checked
    for (const char c : digits) {
      const std::string_view all = hex ? "0123456789abcdef" : "0123456789";
      const std::size_t value = all.find(hex && c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c);
      if (value == all.npos || code > 0x10ffff) return error("a character reference that is none");
      code = code * (hex ? 16 : 10) + static_cast<std::uint32_t>(value);
    }
    return encode_character(code);
  }

  // Line ends become one line feed (XML 1.0, 2.11), which the caller turns into a space within attributes (3.3.3).
  char character() {
    char c = rest_[0];
    rest_.remove_prefix(1);
    if (c == '\r') {
      skip("\n");
      c = '\n';
    }
    return c;
  }

  Result<std::string> attribute_value() {
    if (rest_.empty() || (rest_[0] != '"' && rest_[0] != '\'')) return error("a quotation mark is missing");
    const char quote = rest_[0];
    rest_.remove_prefix(1);
    std::string out;
    while (!rest_.empty() && rest_[0] != quote) {
      if (rest_[0] == '<') return error("'<' in an attribute");
      if (skip("&")) {
        out += TRY(reference());
      } else {
        const char c = character();
        out.push_back(is_space(c) ? ' ' : c);
      }
    }
    if (!skip(std::string_view(&quote, 1))) return error("an attribute without end");
    return out;
  }

  Result<void> declare(const QName& name, const std::string& uri, Element& out) {
    const std::string prefix = name.prefix.empty() ? "" : name.local;
    if (prefix == "xml" || prefix == "xmlns") return error("a prefix that is XML's own");
    if (!prefix.empty() && uri.empty()) return error("a prefix without namespace");
    if (uri.size() > limits_.uri_bytes) return error("a namespace with a long name");
    if (!out.declared.emplace(prefix, uri).second) return error("a prefix that is declared twice");
    return {};
  }

  Result<void> attributes(Element& out) {
    while (true) {
      const bool space = skip_space();
      if (rest_.starts_with('>') || rest_.starts_with("/>")) return {};
      if (!space) return error("a space is missing");
      const QName name = TRY(qualified_name());
      skip_space();
      if (!skip("=")) return error("'=' is missing");
      skip_space();
      std::string value = TRY(attribute_value());
      if (name.prefix == "xmlns" || name == QName{"", "xmlns"}) {
        TRY(declare(name, value, out));
      } else {
        out.attributes.push_back({name.prefix, name.local, {}, std::move(value)});
      }
      if (out.attributes.size() > limits_.attributes) return error("too many attributes");
      if (out.declared.size() > limits_.prefixes) return error("too many prefixes");
    }
  }

  Result<std::string> resolve(const std::string& prefix, const Scope& scope) const {
    const auto found = scope.find(prefix);
    if (found == scope.end()) return error("a prefix without namespace");
    return found->second;
  }

  Result<void> resolve_names(Element& out, const Scope& scope) const {
    out.namespace_uri = TRY(resolve(out.prefix, scope));
    for (std::size_t i = 0; i < out.attributes.size(); ++i) {
      Attribute& attribute = out.attributes[i];
      if (!attribute.prefix.empty()) attribute.namespace_uri = TRY(resolve(attribute.prefix, scope));
      for (std::size_t j = 0; j < i; ++j) {
        const Attribute& other = out.attributes[j];
        if (other.local == attribute.local && other.namespace_uri == attribute.namespace_uri) {
          return error("an attribute that is there twice");
        }
      }
    }
    return {};
  }

  Result<Element> element(const Scope& outer, std::size_t depth) {
    if (depth == limits_.depth) return error("too many elements within one another");
    if (!skip("<")) return error("an element is missing");
    Element out;
    const QName opened = TRY(qualified_name());
    out.prefix = opened.prefix;
    out.local = opened.local;
    TRY(attributes(out));
    const std::optional<Scope> own = extended(outer, out);
    const Scope& scope = own ? *own : outer;
    if (scope.size() > limits_.prefixes) return error("too many prefixes");
    TRY(resolve_names(out, scope));
    if (skip("/>")) return out;
    if (!skip(">")) return error("'>' is missing");
    TRY(content(out, scope, depth));
    if (!(TRY(qualified_name()) == opened)) return error("an end tag of another element");
    skip_space();
    if (!skip(">")) return error("'>' is missing");
    return out;
  }

  // Up to and with the "</" of the end tag.
  Result<void> content(Element& out, const Scope& scope, std::size_t depth) {
    std::string text;
    const auto end_text = [&] {
      if (!text.empty()) out.children.emplace_back(std::exchange(text, {}));
    };
    while (true) {
      if (rest_.empty()) return error("an element without end");
      if (rest_.starts_with("</")) break;
      if (rest_.starts_with("<!") || rest_.starts_with("<?")) {
        return error("a comment, CDATA section, document type or processing instruction");
      }
      if (rest_.starts_with("]]>")) return error("\"]]>\" in text");
      if (rest_[0] == '<') {
        end_text();
        out.children.emplace_back(std::make_unique<Element>(TRY(element(scope, depth + 1))));
      } else if (skip("&")) {
        text += TRY(reference());
      } else {
        text.push_back(character());
      }
    }
    end_text();
    skip("</");
    return {};
  }

  std::string_view rest_;
  std::size_t size_;
  Limits limits_;
};

// Canonical XML 1.1, 2.3, "Text Nodes" and "Attribute Nodes".
void append_escaped(std::string_view text, bool attribute, std::string& out) {
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>' && !attribute) {
      out += "&gt;";
    } else if (c == '"' && attribute) {
      out += "&quot;";
    } else if (c == '\t' && attribute) {
      out += "&#x9;";
    } else if (c == '\n' && attribute) {
      out += "&#xA;";
    } else if (c == '\r') {
      out += "&#xD;";
    } else {
      out.push_back(c);
    }
  }
}

void append_attribute(std::string_view name, std::string_view value, std::string& out) {
  out += fmt::format(" {}=\"", name);
  append_escaped(value, true, out);
  out.push_back('"');
}

std::string qualified(const std::string& prefix, const std::string& local) {
  return prefix.empty() ? local : fmt::format("{}:{}", prefix, local);
}

// `outer` is what is in scope around the element and written already; `inner`, what is in scope within it.
void append_element(const Element& element, const Scope& outer, const Scope& inner, const Element* without,
                    std::string& out) {
  const std::string name = qualified(element.prefix, element.local);
  out += "<" + name;
  const Scope none;
  for (const auto& [prefix, uri] : &inner == &outer ? none : inner) {  // by prefix, the default first
    const auto written = outer.find(prefix);
    if ((written == outer.end() ? std::string_view() : std::string_view(written->second)) == uri) continue;
    append_attribute(prefix.empty() ? "xmlns" : "xmlns:" + prefix, uri, out);
  }
  std::vector<const Attribute*> sorted;
  for (const Attribute& attribute : element.attributes) sorted.push_back(&attribute);
  std::ranges::sort(sorted, {}, [](const Attribute* each) { return std::tie(each->namespace_uri, each->local); });
  for (const Attribute* attribute : sorted)
    append_attribute(qualified(attribute->prefix, attribute->local), attribute->value, out);
  out.push_back('>');
  for (const Node& node : element.children) {
    if (const auto* text = std::get_if<std::string>(&node)) {
      append_escaped(*text, false, out);
      continue;
    }
    const Element& child = *std::get<std::unique_ptr<Element>>(node);
    if (&child == without) continue;
    const std::optional<Scope> own = extended(inner, child);
    append_element(child, inner, own ? *own : inner, without, out);
  }
  out += "</" + name + ">";
}

}  // namespace

std::vector<const Element*> Element::elements() const {
  std::vector<const Element*> out;
  for (const Node& node : children) {
    if (const auto* child = std::get_if<std::unique_ptr<Element>>(&node)) out.push_back(child->get());
  }
  return out;
}

Result<const Element*> Element::only(std::string_view uri, std::string_view name) const {
  const Element* found = nullptr;
  for (const Element* child : elements()) {
    if (!child->is(uri, name)) continue;
    if (found) return invalid("{} has more than one {}", local, name);
    found = child;
  }
  if (!found) return invalid("{} has no {}", local, name);
  return found;
}

const std::string* Element::attribute(std::string_view uri, std::string_view name) const {
  const auto found = std::ranges::find_if(
      attributes, [&](const Attribute& each) { return each.namespace_uri == uri && each.local == name; });
  return found == attributes.end() ? nullptr : &found->value;
}

std::string Element::text() const {
  std::string out;
  for (const Node& node : children) {
    if (const auto* text = std::get_if<std::string>(&node)) out += *text;
  }
  return out;
}

Result<Element> parse(std::string_view text, Limits limits) {
  const auto parse_it = [&]() -> Result<Element> {
    if (text.size() > limits.bytes) return invalid("{} bytes are too many", text.size());
    const bool characters =
        std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) >= 0x20 || is_space(c); });
    if (!is_utf8(text) || !characters) return invalid("it is not UTF-8 text");
    return Parser(text, limits).document();
  };
  return parse_it().within("not XML of the kind that is read here");
}

std::string canonical(const Element& root, const Element* without) {
  std::string out;
  append_element(root, {}, root.declared, without, out);
  return out;
}

std::string canonical_within(const std::vector<const Element*>& path) {
  Scope scope;
  for (const Element* element : path) {
    for (const auto& [prefix, uri] : element->declared) scope[prefix] = uri;
  }
  std::string out;
  append_element(*path.back(), {}, scope, nullptr, out);
  return out;
}

}  // namespace adyton::xml
