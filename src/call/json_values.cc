// SPDX-License-Identifier: Apache-2.0
#include "call/json_values.h"

#include <algorithm>
#include <bit>
#include <limits>

#include <nlohmann/json.hpp>

#include "base/base64.h"
#include "base/error.h"

namespace adyton {
namespace {

using Json = nlohmann::ordered_json;
using Kind = TypeTree::Kind;

// The key an alternative of a variant has in JSON.
std::string key_of(const TypeTree& type) { return type.kind == Kind::kAggregate ? type.name : text_of(type); }

void append(Bytes& out, std::uint64_t value, unsigned bits) {
  for (unsigned shift = 0; shift < bits; shift += 8) out.push_back(static_cast<std::byte>(value >> shift));
}

class FromJson {
 public:
  Result<void> value(const TypeTree& type, const Json& json) {
    switch (type.kind) {
      case Kind::kVoid: return json.is_null() ? Result<void>() : wrong("null", json);
      case Kind::kBool:
        if (!json.is_boolean()) return wrong("true or false", json);
        append(out, json.get<bool>() ? 1 : 0, 8);
        return {};
      case Kind::kInteger: return integer(type, json);
      case Kind::kEnum: return value(type.parts[0], json);
      case Kind::kFloat:
        if (!json.is_number()) return wrong("a number", json);
        if (type.bits == 32) {
          append(out, std::bit_cast<std::uint32_t>(json.get<float>()), 32);
        } else {
          append(out, std::bit_cast<std::uint64_t>(json.get<double>()), 64);
        }
        return {};
      case Kind::kString:
        if (!json.is_string()) return wrong("a string", json);
        return blob(as_bytes(json.get_ref<const std::string&>()));
      case Kind::kBytes: {
        if (!json.is_string()) return wrong("a string of base64", json);
        auto bytes = parse_base64(json.get_ref<const std::string&>());
        if (!bytes) return std::move(bytes).error();
        return blob(*bytes);
      }
      case Kind::kOptional:
        append(out, json.is_null() ? 0 : 1, 8);
        return json.is_null() ? Result<void>() : value(type.parts[0], json);
      case Kind::kVariant: return variant(type, json);
      case Kind::kMap: return map(type, json);
      case Kind::kList:
      case Kind::kSet:
        if (!json.is_array()) return wrong("an array", json);
        append(out, json.size(), 32);
        return elements(json, [&](std::size_t) -> const TypeTree& { return type.parts[0]; });
      case Kind::kArray:
        if (!json.is_array() || json.size() != type.count)
          return wrong(fmt::format("an array of {}", type.count), json);
        return elements(json, [&](std::size_t) -> const TypeTree& { return type.parts[0]; });
      case Kind::kTuple:
        if (!json.is_array() || json.size() != type.parts.size()) {
          return wrong(fmt::format("an array of {}", type.parts.size()), json);
        }
        return elements(json, [&](std::size_t i) -> const TypeTree& { return type.parts[i]; });
      case Kind::kAggregate: return aggregate(type, json);
    }
    return internal("unknown kind of type");
  }

  Bytes out;

 private:
  static Result<void> wrong(std::string_view wanted, const Json& json) {
    return invalid("{} wanted, got {}", wanted,
                   json.dump(-1, ' ', false, Json::error_handler_t::replace).substr(0, 60));
  }

  Result<void> blob(BytesView bytes) {
    if (bytes.size() > std::numeric_limits<std::uint32_t>::max()) return invalid("more than 4 GiB");
    append(out, bytes.size(), 32);
    out.insert(out.end(), bytes.begin(), bytes.end());
    return {};
  }

  Result<void> integer(const TypeTree& type, const Json& json) {
    if (type.is_signed) {
      const std::int64_t most = std::numeric_limits<std::int64_t>::max() >> (64 - type.bits);
      const bool fits = json.is_number_unsigned() ? json.get<std::uint64_t>() <= static_cast<std::uint64_t>(most)
                                                  : json.is_number_integer() && json.get<std::int64_t>() >= -most - 1;
      if (!fits) return wrong(fmt::format("an integer from {} to {}", -most - 1, most), json);
      append(out, static_cast<std::uint64_t>(json.get<std::int64_t>()), type.bits);
    } else {
      const std::uint64_t most = std::numeric_limits<std::uint64_t>::max() >> (64 - type.bits);
      if (!json.is_number_unsigned() || json.get<std::uint64_t>() > most) {
        return wrong(fmt::format("an integer from 0 to {}", most), json);
      }
      append(out, json.get<std::uint64_t>(), type.bits);
    }
    return {};
  }

  template <class TypeOf>
  Result<void> elements(const Json& json, TypeOf type_of) {
    for (std::size_t i = 0; i < json.size(); ++i) {
      TRY(value(type_of(i), json[i]).within(fmt::format("element {}", i)));
    }
    return {};
  }

  Result<void> variant(const TypeTree& type, const Json& json) {
    std::string keys;
    for (std::size_t i = 0; i < type.parts.size(); ++i) {
      const std::string key = key_of(type.parts[i]);
      if (json.is_object() && json.size() == 1 && json.begin().key() == key) {
        append(out, i, 8);
        return value(type.parts[i], json.begin().value()).within(key);
      }
      keys += fmt::format("{}{{\"{}\": ...}}", keys.empty() ? "" : " or ", key);
    }
    return wrong(keys, json);
  }

  Result<void> map(const TypeTree& type, const Json& json) {
    const bool as_object = type.parts[0].kind == Kind::kString;
    if (as_object ? !json.is_object() : !json.is_array()) {
      return wrong(as_object ? "an object" : "an array of [key, value]", json);
    }
    append(out, json.size(), 32);
    if (as_object) {
      for (const auto& [key, mapped] : json.items()) {
        TRY(blob(as_bytes(key)));
        TRY(value(type.parts[1], mapped).within(key));
      }
      return {};
    }
    for (std::size_t i = 0; i < json.size(); ++i) {
      if (!json[i].is_array() || json[i].size() != 2) return wrong("[key, value]", json[i]);
      TRY(value(type.parts[0], json[i][0]).within(fmt::format("key {}", i)));
      TRY(value(type.parts[1], json[i][1]).within(fmt::format("value {}", i)));
    }
    return {};
  }

  Result<void> aggregate(const TypeTree& type, const Json& json) {
    if (!json.is_object()) return wrong(fmt::format("an object with the fields of {}", type.name), json);
    for (const auto& [key, unused] : json.items()) {
      if (std::ranges::find(type.field_names, key) == type.field_names.end()) {
        return invalid("{} has no field {}", type.name, key);
      }
    }
    for (std::size_t i = 0; i < type.parts.size(); ++i) {
      const auto found = json.find(type.field_names[i]);
      if (found == json.end() && type.parts[i].kind != Kind::kOptional) {
        return invalid("field {} of {} is missing", type.field_names[i], type.name);
      }
      const Json& field = found == json.end() ? kNull : *found;
      TRY(value(type.parts[i], field).within("field " + type.field_names[i]));
    }
    return {};
  }

  inline static const Json kNull = nullptr;
};

class ToJson {
 public:
  explicit ToJson(Decoder& in) : in_(in) {}

  Json value(const TypeTree& type) {
    Json out;
    if (in_.failed() || !in_.enter()) return out;
    out = nested(type);
    in_.leave();
    return out;
  }

 private:
  std::uint64_t integer(unsigned bits) {
    switch (bits) {
      case 8: return in_.read_integer<std::uint8_t>();
      case 16: return in_.read_integer<std::uint16_t>();
      case 32: return in_.read_integer<std::uint32_t>();
      default: return in_.read_integer<std::uint64_t>();
    }
  }

  Json nested(const TypeTree& type) {
    switch (type.kind) {
      case Kind::kVoid: return nullptr;
      case Kind::kBool: return boolean();
      case Kind::kEnum: return value(type.parts[0]);
      case Kind::kInteger: {
        const std::uint64_t raw = integer(type.bits);
        if (!type.is_signed) return raw;
        const unsigned unused = 64 - type.bits;
        return static_cast<std::int64_t>(raw << unused) >> unused;
      }
      case Kind::kFloat:
        if (type.bits == 32) return std::bit_cast<float>(in_.read_integer<std::uint32_t>());
        return std::bit_cast<double>(in_.read_integer<std::uint64_t>());
      case Kind::kString: {
        std::string text;
        in_.append_to(text, in_.read_count(1));
        return text;
      }
      case Kind::kBytes: {
        Bytes bytes;
        in_.append_to(bytes, in_.read_count(1));
        return to_base64(bytes);
      }
      case Kind::kOptional: return boolean() ? value(type.parts[0]) : Json(nullptr);
      case Kind::kVariant: {
        const auto index = in_.read_integer<std::uint8_t>();
        if (index >= type.parts.size()) {
          in_.fail(invalid("a variant with an alternative that it does not have"));
          return nullptr;
        }
        Json out = Json::object();
        out[key_of(type.parts[index])] = value(type.parts[index]);
        return out;
      }
      case Kind::kMap: return map(type);
      case Kind::kList:
      case Kind::kSet: return array(in_.read_count(1), [&](std::size_t) -> const TypeTree& { return type.parts[0]; });
      case Kind::kArray: return array(type.count, [&](std::size_t) -> const TypeTree& { return type.parts[0]; });
      case Kind::kTuple:
        return array(type.parts.size(), [&](std::size_t i) -> const TypeTree& { return type.parts[i]; });
      case Kind::kAggregate: {
        Json out = Json::object();
        for (std::size_t i = 0; i < type.parts.size(); ++i) out[type.field_names[i]] = value(type.parts[i]);
        return out;
      }
    }
    return nullptr;
  }

  bool boolean() {
    const auto value = in_.read_integer<std::uint8_t>();
    if (value > 1) in_.fail(invalid("a bool that is neither 0 nor 1"));
    return value == 1;
  }

  template <class TypeOf>
  Json array(std::uint64_t count, TypeOf type_of) {
    Json out = Json::array();
    for (std::uint64_t i = 0; i < count && !in_.failed(); ++i) {
      const std::uint64_t before = in_.remaining();
      out.push_back(value(type_of(i)));
      // An element that takes no bytes could be claimed without end.
      if (in_.remaining() == before && count > 1024) in_.fail(invalid("{} elements of no size", count));
    }
    return out;
  }

  Json map(const TypeTree& type) {
    const bool as_object = type.parts[0].kind == Kind::kString;
    Json out = as_object ? Json::object() : Json::array();
    for (std::uint32_t n = in_.read_count(1); n > 0 && !in_.failed(); --n) {
      Json key = value(type.parts[0]);
      Json mapped = value(type.parts[1]);
      if (in_.failed()) break;
      if (as_object) {
        out[key.get<std::string>()] = std::move(mapped);
      } else {
        out.push_back(Json::array({std::move(key), std::move(mapped)}));
      }
    }
    return out;
  }

  Decoder& in_;
};

}  // namespace

Result<Bytes> arguments_from_json(const std::vector<TypeTree>& parameters, std::string_view json) {
  const Json array = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (array.is_discarded() || !array.is_array())
    return invalid("the arguments must be a JSON array, like [\"Ada\", 3]");
  if (array.size() != parameters.size()) {
    return invalid("{} arguments wanted, {} given", parameters.size(), array.size());
  }
  FromJson from;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    TRY(from.value(parameters[i], array[i]).within(fmt::format("argument {}", i + 1)));
  }
  return std::move(from.out);
}

Result<std::string> result_to_json(const TypeTree& type, Decoder& in) {
  const Json json = ToJson(in).value(type);
  TRY(in.finish());
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace adyton
