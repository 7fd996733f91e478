// SPDX-License-Identifier: Apache-2.0
// Evidence is often passed on as text: the bytes that hexadecimal or base64 stand for.
#pragma once

#include <optional>
#include <string_view>

#include <adyton/bytes.h>
#include <adyton/result.h>

namespace adyton {

// The bytes of `text` if all of it is hexadecimal (at least 32 digits, "0x" before it allowed) or base64 (either alphabet,
// padded or not), white space anywhere; otherwise nothing. Hexadecimal comes first.
std::optional<Bytes> decode_text_form(BytesView text);

// base64 of the URL alphabet without padding (RFC 7515, 2), strictly. Errors: invalid.
Result<Bytes> parse_base64url(std::string_view text);

}  // namespace adyton
