// SPDX-License-Identifier: Apache-2.0
// JSON as bytes: where a member stands in the text, for objects that are signed as they stand.
#pragma once

#include <optional>
#include <string_view>

#include <adyton/result.h>

namespace adyton {

// The value of a member of the object that `text` is, exactly as it stands, without white space around it. `text` is
// valid JSON. Errors: invalid: no object, the key twice, a key written with escapes.
Result<std::optional<std::string_view>> json_member_text(std::string_view text, std::string_view key);

}  // namespace adyton
