// SPDX-License-Identifier: Apache-2.0
// The text of a call's structure, "name(types) -> type", as a tree that tools can walk (docs/formats/values.md).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <adyton/bytes.h>
#include <adyton/result.h>

namespace adyton {

// A type of the value grammar.
struct TypeTree {
  enum class Kind : std::uint8_t {
    kVoid,
    kBool,
    kInteger,
    kFloat,
    kString,
    kBytes,
    kEnum,
    kList,
    kArray,
    kMap,
    kSet,
    kOptional,
    kVariant,
    kTuple,
    kAggregate,
  };
  Kind kind = Kind::kVoid;
  bool is_signed = false;                // kInteger
  std::uint8_t bits = 0;                 // kInteger, kFloat
  std::uint64_t count = 0;               // kArray
  std::string name;                      // kAggregate, kEnum
  std::vector<std::string> field_names;  // kAggregate: as many as parts
  std::vector<TypeTree> parts;           // element; key and mapped; alternatives; fields; kEnum: the underlying type
  bool operator==(const TypeTree&) const = default;
};

struct CallTree {
  std::string name;
  std::vector<TypeTree> parameters;
  TypeTree result;
};

// Errors: invalid, with the position; nesting over 32.
Result<CallTree> parse_call_text(std::string_view text);

// The canonical text of a type.
std::string text_of(const TypeTree& type);

// In words, the first thing in which two texts of one call differ: "parameter 2, field `count`: u32 here, u64 there".
std::string explain_difference(std::string_view here, std::string_view there);

}  // namespace adyton
