// SPDX-License-Identifier: Apache-2.0
#include "base/base64.h"

#include <algorithm>
#include <cstdint>

#include "base/error.h"

namespace adyton {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::string to_base64(BytesView bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t n = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j) group = group << 8 | (j < n ? std::to_integer<std::uint32_t>(bytes[i + j]) : 0);
    for (std::size_t j = 0; j < 4; ++j) out.push_back(j <= n ? kAlphabet[group >> (18 - 6 * j) & 63] : '=');
  }
  return out;
}

Result<Bytes> parse_base64(std::string_view text) {
  if (text.size() % 4 != 0) return invalid("base64 text of {} characters, not a multiple of 4", text.size());
  Bytes out;
  out.reserve(text.size() / 4 * 3);
  for (std::size_t i = 0; i < text.size(); i += 4) {
    const bool last = i + 4 == text.size();
    const std::size_t padding = last ? (text[i + 3] != '=' ? 0 : text[i + 2] != '=' ? 1 : 2) : 0;
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 4; ++j) {
      const std::size_t value = j < 4 - padding ? kAlphabet.find(text[i + j]) : 0;
      if (value == std::string_view::npos) return invalid("not base64 at character {}", i + j);
      group = group << 6 | static_cast<std::uint32_t>(value);
    }
    if ((group & ((1u << (8 * padding)) - 1)) != 0) return invalid("base64 text with bits left over at its end");
    for (std::size_t j = 0; j < 3 - padding; ++j) out.push_back(static_cast<std::byte>(group >> (16 - 8 * j)));
  }
  return out;
}

}  // namespace adyton
