// SPDX-License-Identifier: Apache-2.0
// The part of XML 1.0 (with namespaces) that signed manifests need, and its canonical form (Canonical XML 1.1, without
// comments), over which XML signatures are made. What is not here is refused: document types and their entities,
// processing instructions, comments, CDATA sections, names outside ASCII, attributes of the prefix "xml". So there is
// nothing to expand, nothing to fetch, and one way to read a document.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <adyton/result.h>

namespace adyton::xml {

struct Attribute {
  std::string prefix, local, namespace_uri;  // an attribute without a prefix is in no namespace
  std::string value;
};

struct Element;
using Node = std::variant<std::string, std::unique_ptr<Element>>;  // text, or an element

struct Element {
  std::string prefix, local, namespace_uri;
  std::map<std::string, std::string> declared;  // prefix to namespace ("" is the default), as declared right here
  std::vector<Attribute> attributes;            // in their order; no name twice
  std::vector<Node> children;

  [[nodiscard]] bool is(std::string_view uri, std::string_view name) const {
    return namespace_uri == uri && local == name;
  }
  // Its only child element of that name. Errors: invalid, if there is none or more than one.
  [[nodiscard]] Result<const Element*> only(std::string_view uri, std::string_view name) const;
  [[nodiscard]] std::vector<const Element*> elements() const;
  [[nodiscard]] const std::string* attribute(std::string_view uri, std::string_view name) const;  // null: not there
  [[nodiscard]] std::string text() const;  // of the element itself
};

struct Limits {
  std::size_t bytes = std::size_t{1} << 20;
  std::size_t depth = 32;
  std::size_t attributes = 256;  // of one element
  std::size_t prefixes = 32;     // that have a namespace at any one place
  std::size_t uri_bytes = 256;   // of a namespace: every element and attribute keeps its own
};

// One document. Errors: invalid.
Result<Element> parse(std::string_view text, Limits limits = {});

// The canonical form of the document whose root is `root`, without the element `without` (and what is in it) if given.
std::string canonical(const Element& root, const Element* without = nullptr);

// The canonical form of one element of the document, as it stands there: with the namespaces of what surrounds it.
// `path` is the way to it from the root, both included.
std::string canonical_within(const std::vector<const Element*>& path);

}  // namespace adyton::xml
