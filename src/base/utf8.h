// SPDX-License-Identifier: Apache-2.0
// Tells text from bytes: formats that promise UTF-8 are held to it.
#pragma once

#include <string_view>

namespace adyton {

// Whether `text` is well-formed UTF-8 (RFC 3629: shortest forms, no surrogates, nothing above U+10FFFF).
bool is_utf8(std::string_view text);

}  // namespace adyton
