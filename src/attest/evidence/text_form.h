// SPDX-License-Identifier: Apache-2.0
// Evidence is often passed on as text: the bytes that hexadecimal or base64 stand for.
#pragma once

#include <optional>

#include <adyton/bytes.h>

namespace adyton {

// The bytes of `text` if all of it is hexadecimal (at least 32 digits, "0x" before it allowed) or base64 (either
// alphabet, padded or not), white space anywhere; otherwise nothing. Hexadecimal comes first.
std::optional<Bytes> decode_text_form(BytesView text);

}  // namespace adyton
