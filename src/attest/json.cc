// SPDX-License-Identifier: Apache-2.0
#include "attest/json.h"

#include <set>
#include <vector>

#include "base/error.h"

namespace adyton {

Result<nlohmann::json> parse_json(std::string_view text, JsonLimits limits) {
  using Json = nlohmann::json;
  if (text.size() > limits.bytes) return invalid("JSON of {} bytes", text.size());
  std::vector<std::set<std::string>> names;  // of the objects and arrays that are open
  std::string objection;
  const auto watch = [&](int, Json::parse_event_t event, Json& parsed) {
    if (!objection.empty()) return false;
    switch (event) {
      case Json::parse_event_t::object_start:
      case Json::parse_event_t::array_start:
        if (names.size() == limits.depth) objection = fmt::format("JSON nested deeper than {}", limits.depth);
        names.emplace_back();
        break;
      case Json::parse_event_t::object_end:
      case Json::parse_event_t::array_end: names.pop_back(); break;
      case Json::parse_event_t::key:
        if (const auto& name = parsed.get_ref<const std::string&>(); !names.back().insert(name).second) {
          objection = fmt::format("JSON with the name \"{}\" twice in an object", name);
        }
        break;
      case Json::parse_event_t::value: break;
    }
    return objection.empty();
  };
  Json out = Json::parse(text, watch, /*allow_exceptions=*/false);
  if (!objection.empty()) return Error{ErrorCode::kInvalid, std::move(objection)};
  if (out.is_discarded()) return invalid("not JSON");
  return out;
}

const nlohmann::json* find_member(const nlohmann::json& object, const char* name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

const std::string* find_string(const nlohmann::json& object, const char* name) {
  const nlohmann::json* member = find_member(object, name);
  return member == nullptr ? nullptr : member->get_ptr<const std::string*>();
}

}  // namespace adyton
