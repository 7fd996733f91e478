// SPDX-License-Identifier: Apache-2.0
#include "attest/json.h"

#include <cmath>
#include <limits>
#include <vector>

#include "base/error.h"

namespace adyton {
namespace {

// Builds the document, and ends the parse at the first thing that is not allowed.
class Builder final : public nlohmann::json_sax<Json> {
 public:
  explicit Builder(JsonLimits limits) : limits_(limits) {}

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(number_integer_t value) override { return add(value); }
  bool number_unsigned(number_unsigned_t value) override { return add(value); }
  bool number_float(number_float_t value, const string_t& text) override {
    (void)text;
    return add(value);
  }
  bool string(string_t& value) override { return add(std::move(value)); }
  bool binary(binary_t& value) override {
    (void)value;
    return false;
  }
  bool start_object(std::size_t) override { return open(Json::object()); }
  bool start_array(std::size_t) override { return open(Json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    const auto [at, is_new] = open_.back()->get_ref<Json::object_t&>().try_emplace(std::move(name), nullptr);
    if (!is_new) return refuse(invalid("JSON with the name \"{}\" twice in an object", at->first));
    named_ = &at->second;
    return true;
  }
  bool parse_error(std::size_t position, const std::string& token, const nlohmann::detail::exception& what) override {
    (void)token;
    (void)what;
    return refuse(invalid("not JSON at byte {}", position));
  }

  Json root;
  Error error;

 private:
  bool refuse(Error why) {
    error = std::move(why);
    return false;
  }
  Json* place(Json&& value) {
    if (open_.empty()) return &(root = std::move(value));
    Json& within = *open_.back();
    if (within.is_array()) return &within.emplace_back(std::move(value));
    return &(*named_ = std::move(value));
  }
  template <class T>
  bool add(T&& value) {
    place(Json(std::forward<T>(value)));
    return true;
  }
  bool open(Json&& value) {
    if (open_.size() == limits_.depth) return refuse(invalid("JSON nested deeper than {}", limits_.depth));
    open_.push_back(place(std::move(value)));
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  JsonLimits limits_;
  std::vector<Json*> open_;  // only the innermost grows, so the pointers stay good
  Json* named_ = nullptr;    // the value of the name that was read last
};

}  // namespace

Result<Json> parse_json(std::string_view text, JsonLimits limits) {
  if (text.size() > limits.bytes) return invalid("JSON of {} bytes; {} are the most", text.size(), limits.bytes);
  if (text.starts_with("\xef\xbb\xbf")) return invalid("JSON with a byte order mark");
  Builder builder(limits);
  if (!Json::sax_parse(text, &builder)) return std::move(builder.error);
  return std::move(builder.root);
}

const Json* find(const Json* value, std::string_view name) {
  if (!value || !value->is_object()) return nullptr;
  const auto found = value->find(name);
  return found == value->end() ? nullptr : &*found;
}

const Json* find_member(const Json& object, const char* name) { return find(&object, name); }

const std::string* find_string(const Json& object, const char* name) {
  const Json* member = find_member(object, name);
  return member == nullptr ? nullptr : member->get_ptr<const std::string*>();
}

const Json& member(const Json& object, const char* name) {
  static const Json kNone;
  const Json* found = find_member(object, name);
  return found ? *found : kNone;
}

std::optional<std::string_view> text_of(const Json* value) {
  if (!value || !value->is_string()) return {};
  return value->get_ref<const std::string&>();
}

std::optional<bool> boolean_of(const Json* value) {
  if (!value || !value->is_boolean()) return {};
  return value->get<bool>();
}

std::optional<std::int64_t> integer_of(const Json* value) {
  if (!value || !value->is_number_integer()) return {};
  if (value->is_number_unsigned() && value->get<std::uint64_t>() > std::numeric_limits<std::int64_t>::max()) return {};
  return value->get<std::int64_t>();
}

std::optional<std::int64_t> time_of(const Json* value) {
  if (!value || !value->is_number_float()) return integer_of(value);
  constexpr double kExact = 9007199254740992.0;  // 2^53: up to here every second has its double
  const double seconds = std::floor(value->get<double>());
  if (!(std::abs(seconds) <= kExact)) return {};
  return static_cast<std::int64_t>(seconds);
}

Result<Bytes> bytes_of_array(const Json& value) {
  if (!value.is_array()) return invalid("no array of bytes");
  Bytes out;
  out.reserve(value.size());
  for (const Json& element : value) {
    if (!element.is_number_unsigned() || element.get<std::uint64_t>() > 255) return invalid("an element is no byte");
    out.push_back(static_cast<std::byte>(element.get<std::uint64_t>()));
  }
  return out;
}

std::string display_of(const Json& value) {
  if (value.is_string()) return value.get_ref<const std::string&>();
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace adyton
