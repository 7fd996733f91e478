// SPDX-License-Identifier: Apache-2.0
// The two byte types every Adyton interface speaks: an owning one and a view.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <adyton/result.h>

namespace adyton {

using Bytes = std::vector<std::byte>;
using BytesView = std::span<const std::byte>;

// The bytes of a string, and the string of some bytes: views, no copy.
inline BytesView as_bytes(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }
std::string_view as_text(BytesView bytes);

inline Bytes to_bytes(BytesView bytes) { return Bytes(bytes.begin(), bytes.end()); }
inline Bytes to_bytes(std::string_view text) { return to_bytes(as_bytes(text)); }

// Lower-case hexadecimal, two digits a byte; and back (upper case accepted; invalid on any other character or odd
// length).
std::string to_hex(BytesView bytes);
Result<Bytes> parse_hex(std::string_view text);

}  // namespace adyton
