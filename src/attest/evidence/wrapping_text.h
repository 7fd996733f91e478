// SPDX-License-Identifier: Apache-2.0
// The decoders of wrapping.h: forms of text that people write, looser than base/base64.h and parse_hex(), and still
// exact: nothing is skipped that carries information.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <adyton/bytes.h>

namespace adyton {

// The text without the white space (a byte order mark, a C program's zero) around it, if all of it is printable ASCII
// and white space, or well-formed UTF-8 in braces or quotes (JSON); nothing if it is empty or something else.
std::optional<std::string_view> wrapped_text(BytesView bytes);

// At least 16 bytes; the forms are those of wrapping.h.
std::optional<Bytes> decode_loose_hex(std::string_view text);
std::optional<Bytes> decode_loose_base64(std::string_view text);

struct LooseBlock {
  std::string label;  // 1 to 64 characters
  Bytes bytes;        // not empty
};
// Empty unless the text is 1 to `max_blocks` blocks and white space.
std::vector<LooseBlock> decode_loose_pem(std::string_view text, std::size_t max_blocks);

}  // namespace adyton
