// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/text_form.h"

#include <algorithm>
#include <string>

#include "base/base64.h"

namespace adyton {
namespace {

constexpr std::size_t kLeastDigits = 32;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// Without white space, padding and the differences of the alphabets.
std::optional<std::string> tidy(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (is_space(c)) continue;
    const auto u = static_cast<unsigned char>(c);
    if (u < 0x21 || u > 0x7e) return std::nullopt;
    out += c;
  }
  return out;
}

void to_standard_alphabet(std::string& text) {
  std::ranges::replace(text, '-', '+');
  std::ranges::replace(text, '_', '/');
  while (text.size() % 4 != 0) text += '=';
}

}  // namespace

std::optional<Bytes> decode_text_form(BytesView bytes) {
  // What begins with a control character is no text: most evidence is told apart by this.
  if (bytes.empty() || std::to_integer<unsigned>(bytes[0]) < 0x09) return std::nullopt;
  auto text = tidy(as_text(bytes));
  if (!text || text->size() < kLeastDigits) return std::nullopt;
  const std::string_view digits = text->starts_with("0x") ? std::string_view(*text).substr(2) : std::string_view(*text);
  if (auto hex = parse_hex(digits)) return std::move(*hex);
  to_standard_alphabet(*text);
  if (auto base64 = parse_base64(*text)) return std::move(*base64);
  return std::nullopt;
}

}  // namespace adyton
