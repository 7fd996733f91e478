// SPDX-License-Identifier: Apache-2.0
#include "call/structure_text.h"

#include <algorithm>
#include <charconv>

#include "base/error.h"

namespace adyton {
namespace {

constexpr int kMaxDepth = 32;
using Kind = TypeTree::Kind;

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<CallTree> call() {
    CallTree tree;
    const std::size_t open = text_.find('(');
    if (open == std::string_view::npos || open == 0) return error("a name and (");
    tree.name = text_.substr(0, open);
    at_ = open + 1;
    tree.parameters = TRY(types(')', 0));
    if (!take(" -> ")) return error("\" -> \"");
    tree.result = TRY(type(0));
    if (at_ != text_.size()) return error("the end");
    return tree;
  }

 private:
  Error error(std::string_view wanted) const {
    return invalid("structure text: {} expected at character {} of \"{}\"", wanted, at_, text_);
  }
  bool take(std::string_view token) {
    if (!text_.substr(at_).starts_with(token)) return false;
    at_ += token.size();
    return true;
  }
  std::string_view word() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 || text_[at_] == '_'))
      ++at_;
    return text_.substr(begin, at_ - begin);
  }

  // Types separated by ", " up to and with `close`.
  Result<std::vector<TypeTree>> types(char close, int depth) {
    std::vector<TypeTree> out;
    if (take({&close, 1})) return out;
    do {
      out.push_back(TRY(type(depth + 1)));
    } while (take(", "));
    if (!take({&close, 1})) return error(std::string_view(&close, 1));
    return out;
  }

  Result<TypeTree> generic(Kind kind, std::size_t parts, int depth) {
    TypeTree out{.kind = kind};
    if (!take("<")) return error("<");
    if (kind == Kind::kArray) {
      out.parts.push_back(TRY(type(depth + 1)));
      if (!take(", ")) return error("a count");
      const auto digits = word();
      const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), out.count);
      const bool padded = digits.size() > 1 && digits[0] == '0';  // one text for each structure
      if (code != std::errc() || end != digits.data() + digits.size() || padded) return error("a count");
      if (!take(">")) return error(">");
      return out;
    }
    out.parts = TRY(types('>', depth));
    if (parts != 0 && out.parts.size() != parts) return error(fmt::format("{} types in <>", parts));
    return out;
  }

  Result<TypeTree> type(int depth) {
    if (depth > kMaxDepth) return error("less nesting");
    if (take("enum ")) {
      TypeTree out{.kind = Kind::kEnum, .name = std::string(word())};
      if (out.name.empty() || !take(": ")) return error("an enumeration's name and type");
      out.parts.push_back(TRY(type(depth + 1)));
      if (out.parts[0].kind != Kind::kInteger && out.parts[0].kind != Kind::kBool) return error("an integer");
      return out;
    }
    const std::string_view name = word();
    if (take("{")) return aggregate(name, depth);
    if (name == "void") return TypeTree{.kind = Kind::kVoid};
    if (name == "bool") return TypeTree{.kind = Kind::kBool};
    if (name == "string") return TypeTree{.kind = Kind::kString};
    if (name == "bytes") return TypeTree{.kind = Kind::kBytes};
    if (name == "f32" || name == "f64") {
      return TypeTree{.kind = Kind::kFloat, .bits = static_cast<std::uint8_t>(name == "f32" ? 32 : 64)};
    }
    for (const int bits : {8, 16, 32, 64}) {
      for (const char sign : {'u', 'i'}) {
        if (name == fmt::format("{}{}", sign, bits)) {
          return TypeTree{.kind = Kind::kInteger, .is_signed = sign == 'i', .bits = static_cast<std::uint8_t>(bits)};
        }
      }
    }
    if (name == "list") return generic(Kind::kList, 1, depth);
    if (name == "array") return generic(Kind::kArray, 1, depth);
    if (name == "map") return generic(Kind::kMap, 2, depth);
    if (name == "set") return generic(Kind::kSet, 1, depth);
    if (name == "optional") return generic(Kind::kOptional, 1, depth);
    if (name == "variant") return generic(Kind::kVariant, 0, depth);
    if (name == "tuple") return generic(Kind::kTuple, 0, depth);
    return error("a type");
  }

  Result<TypeTree> aggregate(std::string_view name, int depth) {
    TypeTree out{.kind = Kind::kAggregate, .name = std::string(name)};
    if (name.empty()) return error("an aggregate's name");
    if (take("}")) return out;
    do {
      out.field_names.emplace_back(word());
      if (out.field_names.back().empty() || !take(": ")) return error("a field's name and type");
      out.parts.push_back(TRY(type(depth + 1)));
    } while (take(", "));
    if (!take("}")) return error("}");
    return out;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

std::string join(const std::vector<TypeTree>& types) {
  std::string out;
  for (const auto& type : types) out += (out.empty() ? "" : ", ") + text_of(type);
  return out;
}

std::string explain(const TypeTree& here, const TypeTree& there, std::string where) {
  const bool comparable = here.kind == there.kind && here.name == there.name && here.count == there.count &&
                          here.bits == there.bits && here.is_signed == there.is_signed &&
                          here.field_names == there.field_names && here.parts.size() == there.parts.size();
  if (comparable) {
    for (std::size_t i = 0; i < here.parts.size(); ++i) {
      if (here.parts[i] == there.parts[i]) continue;
      if (here.kind == Kind::kAggregate) where += fmt::format(", field `{}`", here.field_names[i]);
      return explain(here.parts[i], there.parts[i], std::move(where));
    }
  }
  if (here.kind == Kind::kAggregate && there.kind == Kind::kAggregate && here.name == there.name) {
    for (const auto& name : here.field_names) {
      if (std::ranges::find(there.field_names, name) == there.field_names.end()) {
        return fmt::format("{}: {} has a field `{}` here, but not there", where, here.name, name);
      }
    }
    for (const auto& name : there.field_names) {
      if (std::ranges::find(here.field_names, name) == here.field_names.end()) {
        return fmt::format("{}: {} has a field `{}` there, but not here", where, here.name, name);
      }
    }
  }
  return fmt::format("{}: {} here, {} there", where, text_of(here), text_of(there));
}

}  // namespace

Result<CallTree> parse_call_text(std::string_view text) { return Parser(text).call(); }

std::string text_of(const TypeTree& type) {
  switch (type.kind) {
    case Kind::kVoid: return "void";
    case Kind::kBool: return "bool";
    case Kind::kInteger: return fmt::format("{}{}", type.is_signed ? 'i' : 'u', type.bits);
    case Kind::kFloat: return fmt::format("f{}", type.bits);
    case Kind::kString: return "string";
    case Kind::kBytes: return "bytes";
    case Kind::kEnum: return fmt::format("enum {}: {}", type.name, join(type.parts));
    case Kind::kList: return fmt::format("list<{}>", join(type.parts));
    case Kind::kArray: return fmt::format("array<{}, {}>", join(type.parts), type.count);
    case Kind::kMap: return fmt::format("map<{}>", join(type.parts));
    case Kind::kSet: return fmt::format("set<{}>", join(type.parts));
    case Kind::kOptional: return fmt::format("optional<{}>", join(type.parts));
    case Kind::kVariant: return fmt::format("variant<{}>", join(type.parts));
    case Kind::kTuple: return fmt::format("tuple<{}>", join(type.parts));
    case Kind::kAggregate: {
      std::string fields;
      for (std::size_t i = 0; i < type.parts.size(); ++i) {
        fields += fmt::format("{}{}: {}", i == 0 ? "" : ", ", type.field_names[i], text_of(type.parts[i]));
      }
      return fmt::format("{}{{{}}}", type.name, fields);
    }
  }
  return "void";
}

std::string explain_difference(std::string_view here, std::string_view there) {
  const auto mine = parse_call_text(here);
  const auto theirs = parse_call_text(there);
  if (!mine || !theirs) return fmt::format("{} here, {} there", here, there);
  if (mine->parameters.size() != theirs->parameters.size()) {
    return fmt::format("{} parameters here, {} there", mine->parameters.size(), theirs->parameters.size());
  }
  for (std::size_t i = 0; i < mine->parameters.size(); ++i) {
    if (mine->parameters[i] == theirs->parameters[i]) continue;
    return explain(mine->parameters[i], theirs->parameters[i], fmt::format("parameter {}", i + 1));
  }
  return explain(mine->result, theirs->result, "result");
}

}  // namespace adyton
