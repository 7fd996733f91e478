// SPDX-License-Identifier: Apache-2.0
// Base64 (RFC 4648, sections 4 and 5): how bytes are written where only text can stand.
#pragma once

#include <string>
#include <string_view>

#include <adyton/bytes.h>

namespace adyton {

std::string to_base64(BytesView bytes);

// Strict: the standard alphabet, padded, no line breaks, unused bits zero. Errors: invalid.
Result<Bytes> parse_base64(std::string_view text);

// The alphabet for URLs and file names, not padded (RFC 7515, 2).
std::string to_base64url(BytesView bytes);

// Strict: likewise, unused bits zero. Errors: invalid.
Result<Bytes> parse_base64url(std::string_view text);

}  // namespace adyton
