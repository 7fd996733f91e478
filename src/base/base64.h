// SPDX-License-Identifier: Apache-2.0
// Base64 (RFC 4648, section 4): how bytes are written where only text can stand.
#pragma once

#include <string>
#include <string_view>

#include <adyton/bytes.h>

namespace adyton {

std::string to_base64(BytesView bytes);

// Strict: the standard alphabet, padded, no line breaks, unused bits zero. Errors: invalid.
Result<Bytes> parse_base64(std::string_view text);

}  // namespace adyton
