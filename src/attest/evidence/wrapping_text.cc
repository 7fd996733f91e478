// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/wrapping_text.h"

#include <algorithm>
#include <iterator>

#include "base/base64.h"
#include "base/utf8.h"
#include "base/white_space.h"

namespace adyton {
namespace {

constexpr std::size_t kLeastBytes = 16;  // less is a word or a number more likely than evidence
constexpr std::size_t kMaxLabel = 64;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Bytes of two digits. `prefix` stands before each (or nowhere, if empty); between them white space, and commas if
// there is a prefix of 0x.
std::optional<Bytes> decode_digits(std::string_view text, std::string_view prefix) {
  Bytes out;
  for (std::size_t i = 0; i < text.size();) {
    if (is_space(text[i]) || (text[i] == ',' && prefix == "0x" && !out.empty())) {
      ++i;
      continue;
    }
    if (!text.substr(i).starts_with(prefix)) return {};
    i += prefix.size();
    if (i + 1 >= text.size()) return {};
    const int high = hex_digit(text[i]), low = hex_digit(text[i + 1]);
    if (high < 0 || low < 0) return {};
    out.push_back(static_cast<std::byte>(high << 4 | low));
    i += 2;
  }
  if (out.size() < kLeastBytes) return {};
  return out;
}

// base64 or base64url, not both, with or without its padding.
std::optional<Bytes> decode_base64(std::string_view text) {
  std::string digits;
  std::ranges::copy_if(text, std::back_inserter(digits), [](char c) { return !is_space(c); });
  const bool url = digits.find_first_of("-_") != std::string::npos;
  if (url && digits.find_first_of("+/") != std::string::npos) return {};
  if (url) {
    std::ranges::replace(digits, '-', '+');
    std::ranges::replace(digits, '_', '/');
  }
  if (digits.size() % 4 != 0 && !digits.contains('=')) digits.append(4 - digits.size() % 4, '=');
  Result<Bytes> out = parse_base64(digits);
  if (!out) return {};
  return *std::move(out);
}

}  // namespace

std::optional<std::string_view> wrapped_text(BytesView bytes) {
  std::string_view text = as_text(bytes);
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  text = trimmed_of_zeros(text);
  if (text.empty()) return {};
  const auto printable = [](char c) { return (c >= ' ' && c <= '~') || is_space(c); };
  if (std::ranges::all_of(text, printable)) return text;
  const bool json = (text.front() == '{' && text.back() == '}') || (text.front() == '"' && text.back() == '"');
  if (json && is_utf8(text)) return text;
  return {};
}

std::optional<Bytes> decode_loose_hex(std::string_view text) {
  if (text.starts_with("\\x")) return decode_digits(text, "\\x");
  if (text.starts_with("0x") || text.starts_with("0X")) {
    if (auto each = decode_digits(text, "0x")) return each;
    return decode_digits(text.substr(2), "");
  }
  return decode_digits(text, "");
}

std::optional<Bytes> decode_loose_base64(std::string_view text) {
  std::optional<Bytes> out = decode_base64(text);
  if (out && out->size() < kLeastBytes) out.reset();
  return out;
}

std::vector<LooseBlock> decode_loose_pem(std::string_view text, std::size_t max_blocks) {
  constexpr std::string_view kBegin = "-----BEGIN ", kEnd = "-----END ", kDashes = "-----";
  std::vector<LooseBlock> out;
  while (!text.empty()) {
    if (!text.starts_with(kBegin) || out.size() == max_blocks) return {};
    text.remove_prefix(kBegin.size());
    const std::size_t label_end = text.find(kDashes);
    if (label_end == std::string_view::npos || label_end == 0 || label_end > kMaxLabel) return {};
    const std::string label(text.substr(0, label_end));
    text.remove_prefix(label_end + kDashes.size());
    const std::string end = std::string(kEnd) + label + std::string(kDashes);
    const std::size_t contents_end = text.find(end);
    if (contents_end == std::string_view::npos) return {};
    std::optional<Bytes> bytes = decode_base64(text.substr(0, contents_end));
    if (!bytes || bytes->empty()) return {};
    out.push_back({label, *std::move(bytes)});
    text = trimmed(text.substr(contents_end + end.size()));
  }
  return out;
}

}  // namespace adyton
