// SPDX-License-Identifier: Apache-2.0
#include "base/base64.h"

#include <algorithm>
#include <cstdint>

#include "base/error.h"

namespace adyton {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrlAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string encode(BytesView bytes, std::string_view alphabet, bool padded) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t n = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j) group = group << 8 | (j < n ? std::to_integer<std::uint32_t>(bytes[i + j]) : 0);
    for (std::size_t j = 0; j <= n; ++j) out.push_back(alphabet[group >> (18 - 6 * j) & 63]);
    if (padded) out.append(3 - n, '=');
  }
  return out;
}

// Text without its padding.
Result<Bytes> decode(std::string_view text, std::string_view alphabet) {
  if (text.size() % 4 == 1) return invalid("base64 text of {} characters encodes no whole bytes", text.size());
  Bytes out;
  out.reserve(text.size() / 4 * 3 + 2);
  for (std::size_t i = 0; i < text.size(); i += 4) {
    const std::size_t n = std::min<std::size_t>(4, text.size() - i);
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 4; ++j) {
      const std::size_t value = j < n ? alphabet.find(text[i + j]) : 0;
      if (value == std::string_view::npos) return invalid("not base64 at character {}", i + j);
      group = group << 6 | static_cast<std::uint32_t>(value);
    }
    if ((group & ((1u << (8 * (4 - n))) - 1)) != 0) return invalid("base64 text with bits left over at its end");
    for (std::size_t j = 0; j + 1 < n; ++j) out.push_back(static_cast<std::byte>(group >> (16 - 8 * j)));
  }
  return out;
}

}  // namespace

std::string to_base64(BytesView bytes) { return encode(bytes, kAlphabet, true); }
std::string to_base64url(BytesView bytes) { return encode(bytes, kUrlAlphabet, false); }

Result<Bytes> parse_base64(std::string_view text) {
  if (text.size() % 4 != 0) return invalid("base64 text of {} characters, not a multiple of 4", text.size());
  if (text.ends_with('=')) text.remove_suffix(text.ends_with("==") ? 2 : 1);
  return decode(text, kAlphabet);
}

Result<Bytes> parse_base64url(std::string_view text) { return decode(text, kUrlAlphabet); }

}  // namespace adyton
