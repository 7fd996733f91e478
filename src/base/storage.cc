// SPDX-License-Identifier: Apache-2.0
#include <adyton/storage.h>

#include <algorithm>

#include "base/error.h"

namespace adyton {
namespace {
constexpr std::size_t kNameBytes = 64;
}

Result<void> check_storage_name(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  };
  if (name.empty() || name.size() > kNameBytes || name[0] == '.' || !std::ranges::all_of(name, allowed)) {
    return invalid("a storage file's name must be 1 to {} characters of [a-z0-9._-], not starting with a dot",
                   kNameBytes);
  }
  return {};
}

}  // namespace adyton
