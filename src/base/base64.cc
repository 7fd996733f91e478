// SPDX-License-Identifier: Apache-2.0
#include "base/base64.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/error.h"

namespace adyton {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t kNone = 0xff;

// What each character stands for; the last two of the alphabet are the ones that differ.
constexpr std::array<std::uint8_t, 256> values(char second_last, char last) {
  std::array<std::uint8_t, 256> out;
  out.fill(kNone);
  for (std::size_t i = 0; i < 62; ++i) out[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
  out[static_cast<unsigned char>(second_last)] = 62;
  out[static_cast<unsigned char>(last)] = 63;
  return out;
}
constexpr std::array<std::uint8_t, 256> kValues = values('+', '/'), kUrlValues = values('-', '_');

// Text without padding.
Result<Bytes> decode(std::string_view text, const std::array<std::uint8_t, 256>& table) {
  Bytes out(text.size() / 4 * 3 + 2);
  std::size_t size = 0;
  std::uint32_t bits = 0;
  unsigned count = 0;  // of bits that are not yet out
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::uint8_t value = table[static_cast<unsigned char>(text[i])];
    if (value == kNone) return invalid("not base64 at character {}", i);
    bits = bits << 6 | value;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out[size++] = static_cast<std::byte>(bits >> count);
  }
  if ((bits & ((1U << count) - 1)) != 0) return invalid("base64 text with bits left over at its end");
  out.resize(size);
  return out;
}

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

}  // namespace

std::string to_base64(BytesView bytes) { return encode(bytes, kAlphabet, true); }
std::string to_base64url(BytesView bytes) { return encode(bytes, kUrlAlphabet, false); }

Result<Bytes> parse_base64(std::string_view text) {
  if (text.size() % 4 != 0) return invalid("base64 text of {} characters, not a multiple of 4", text.size());
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
  return decode(text.substr(0, text.size() - padding), kValues);
}

Result<Bytes> parse_base64url(std::string_view text) {
  if (text.size() % 4 == 1) return invalid("base64url text of {} characters", text.size());
  return decode(text, kUrlValues);
}

}  // namespace adyton
