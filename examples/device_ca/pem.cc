// SPDX-License-Identifier: Apache-2.0
#include "pem.h"

#include <array>
#include <cstdint>

#include "refuse.h"

namespace device_ca {
namespace {

constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kBegin = "-----BEGIN ", kEnd = "-----END ", kDashes = "-----";
constexpr std::uint8_t kNoDigit = 0xff;

constexpr std::array<std::uint8_t, 256> kValues = [] {
  std::array<std::uint8_t, 256> out{};
  out.fill(kNoDigit);
  for (std::size_t i = 0; i < kDigits.size(); ++i) {
    out[static_cast<unsigned char>(kDigits[i])] = static_cast<std::uint8_t>(i);
  }
  return out;
}();

// Takes the line at the front of `text`, without its LF or CRLF.
std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// Groups of four digits; the last one may end in one or two "=", and its unused bits are zero (RFC 4648, 3.5).
Result<adyton::Bytes> decode(std::string_view digits) {
  if (digits.empty() || digits.size() % 4 != 0) return malformed("PEM: its base64 is cut short");
  std::size_t padding = 0;
  while (padding < 2 && digits.ends_with('=')) {
    digits.remove_suffix(1);
    ++padding;
  }
  adyton::Bytes out;
  out.reserve(digits.size() / 4 * 3 + 2);
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : digits) {
    const std::uint8_t value = kValues[static_cast<unsigned char>(c)];
    if (value == kNoDigit) return malformed("PEM: a character that is not base64");
    bits = bits << 6 | value;
    count += 6;
    if (count >= 8) {
      count -= 8;
      out.push_back(static_cast<std::byte>(bits >> count));
    }
  }
  if ((bits & ((1u << count) - 1)) != 0) return malformed("PEM: base64 whose last bits are not zero");
  return out;
}

}  // namespace

Result<adyton::Bytes> parse_pem(std::string_view text, std::string_view label) {
  if (text.find('\0') != std::string_view::npos) return malformed("PEM: a NUL byte, where only text may be");
  std::string_view rest = text;
  std::string_view found;
  while (!rest.empty() && found.empty()) {
    const std::string_view line = take_line(rest);
    if (!line.starts_with(kBegin)) continue;
    if (!line.ends_with(kDashes) || line.size() <= kBegin.size() + kDashes.size()) {
      return malformed("PEM: a BEGIN line that does not end in dashes");
    }
    found = line.substr(kBegin.size(), line.size() - kBegin.size() - kDashes.size());
  }
  if (found.empty()) return malformed("PEM: no BEGIN {} line", label);
  if (found != label && !(found.starts_with("NEW ") && found.substr(4) == label)) {
    return malformed("PEM: not a {}", label);
  }
  std::string digits;
  digits.reserve(rest.size());
  while (true) {
    if (rest.empty()) return malformed("PEM: cut short, without an END line");
    const std::string_view line = take_line(rest);
    if (line.starts_with(kEnd)) {
      const std::string_view end = line.substr(kEnd.size());
      if (end.size() != found.size() + kDashes.size() || !end.starts_with(found) || !end.ends_with(kDashes)) {
        return malformed("PEM: the END line does not match the BEGIN line");
      }
      break;
    }
    digits += line;
  }
  if (rest.find_first_not_of(" \t\r\n") != std::string_view::npos)
    return malformed("PEM: something follows the END line");
  return decode(digits);
}

std::string make_pem(adyton::BytesView bytes, std::string_view label) {
  constexpr std::size_t kLineBytes = 48;  // 64 digits
  std::string out = fmt::format("{}{}{}\n", kBegin, label, kDashes);
  out.reserve(out.size() * 2 + bytes.size() * 7 / 5);
  const auto at = [&](std::size_t i) { return i < bytes.size() ? std::to_integer<std::uint32_t>(bytes[i]) : 0u; };
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::uint32_t bits = at(i) << 16 | at(i + 1) << 8 | at(i + 2);
    out += kDigits[bits >> 18];
    out += kDigits[bits >> 12 & 63];
    out += i + 1 < bytes.size() ? kDigits[bits >> 6 & 63] : '=';
    out += i + 2 < bytes.size() ? kDigits[bits & 63] : '=';
    if ((i + 3) % kLineBytes == 0 || i + 3 >= bytes.size()) out += '\n';
  }
  out += fmt::format("{}{}{}\n", kEnd, label, kDashes);
  return out;
}

}  // namespace device_ca
