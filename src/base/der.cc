// SPDX-License-Identifier: Apache-2.0
#include <adyton/der.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>

#include "base/error.h"

namespace adyton::der {
namespace {

constexpr std::uint8_t kMultiByteTag = 0x1f;  // X.690, 8.1.2.4

unsigned number(std::byte b) { return std::to_integer<unsigned>(b); }

// Length octets (X.690, 8.1.3 and 10.1): how many there are, and the length they say.
struct Length {
  std::size_t octets = 0;
  std::size_t value = 0;
};

Result<Length> read_length(BytesView bytes, std::string_view what) {
  if (bytes.empty()) return invalid("{}: cut short in its length", what);
  const unsigned first = number(bytes[0]);
  if (first < 0x80) return Length{1, first};
  if (first == 0x80) return invalid("{}: indefinite length, which DER does not allow", what);
  const std::size_t count = first & 0x7f;
  if (count > 4) return invalid("{}: a length of {} bytes", what, count);
  if (bytes.size() < 1 + count) return invalid("{}: cut short in its length", what);
  std::size_t value = 0;
  for (std::size_t i = 1; i <= count; ++i) value = value << 8 | number(bytes[i]);
  if (value < 0x80 || number(bytes[1]) == 0) return invalid("{}: its length is not in the shortest form", what);
  return Length{1 + count, value};
}

}  // namespace

Result<Element> Reader::any(std::string_view what) {
  if (rest_.empty()) return invalid("{}: missing", what);
  const unsigned tag = number(rest_[0]);
  if ((tag & kMultiByteTag) == kMultiByteTag) return invalid("{}: a tag of more than one byte", what);
  const Length length = TRY(read_length(rest_.subspan(1), what));
  const std::size_t header = 1 + length.octets;
  if (rest_.size() - header < length.value) {
    return invalid("{}: cut short: {} bytes of {}", what, rest_.size() - header, length.value);
  }
  Element out{static_cast<Tag>(tag), rest_.subspan(header, length.value), rest_.first(header + length.value)};
  rest_ = rest_.subspan(header + length.value);
  return out;
}

Result<Element> Reader::element(Tag tag, std::string_view what) {
  if (!rest_.empty() && !next_is(tag)) {
    return invalid("{}: expected tag {:#04x}, found {:#04x}", what, tag, number(rest_[0]));
  }
  return any(what);
}

Result<BytesView> Reader::contents(Tag tag, std::string_view what) { return TRY(element(tag, what)).contents; }

Result<Reader> Reader::enter(Tag tag, std::string_view what) { return Reader(TRY(element(tag, what)).contents); }

Result<void> Reader::end(std::string_view what) const {
  if (!rest_.empty()) return invalid("{}: {} bytes too many", what, rest_.size());
  return {};
}

namespace {

// The contents checks: each takes what Reader::contents gave.

Result<BytesView> check_integer(BytesView contents, std::string_view what) {
  if (contents.empty()) return invalid("{}: an integer of no bytes", what);
  if (contents.size() > 1) {
    const bool high_bit = (number(contents[1]) & 0x80) != 0;
    const unsigned first = number(contents[0]);
    if ((first == 0 && !high_bit) || (first == 0xff && high_bit)) {
      return invalid("{}: an integer that is not in the shortest form", what);
    }
  }
  return contents;
}

Result<BytesView> check_unsigned(BytesView contents, std::string_view what) {
  TRY(check_integer(contents, what));
  if ((number(contents[0]) & 0x80) != 0) return invalid("{}: negative", what);
  return number(contents[0]) == 0 ? contents.subspan(1) : contents;
}

Result<std::uint64_t> check_small(BytesView contents, std::string_view what) {
  const BytesView magnitude = TRY(check_unsigned(contents, what));
  if (magnitude.size() > 8) return invalid("{}: out of range", what);
  std::uint64_t value = 0;
  for (std::byte b : magnitude) value = value << 8 | number(b);
  return value;
}

Result<bool> check_boolean(BytesView contents, std::string_view what) {
  if (contents.size() != 1 || (number(contents[0]) != 0 && number(contents[0]) != 0xff)) {
    return invalid("{}: not a boolean", what);
  }
  return number(contents[0]) != 0;
}

Result<BytesView> check_object_identifier(BytesView contents, std::string_view what) {
  if (contents.empty() || (number(contents.back()) & 0x80) != 0) return invalid("{}: malformed identifier", what);
  bool starts_arc = true;
  for (std::byte b : contents) {
    if (starts_arc && number(b) == 0x80) return invalid("{}: an identifier that is not in the shortest form", what);
    starts_arc = (number(b) & 0x80) == 0;
  }
  return contents;
}

Result<BitString> check_bit_string(BytesView contents, std::string_view what) {
  if (contents.empty()) return invalid("{}: a bit string of no bytes", what);
  const unsigned unused = number(contents[0]);
  if (unused > 7 || (contents.size() == 1 && unused != 0)) return invalid("{}: malformed bit string", what);
  if (contents.size() > 1 && (number(contents.back()) & ((1u << unused) - 1)) != 0) {
    return invalid("{}: padding bits that are not zero", what);
  }
  return BitString{static_cast<std::uint8_t>(unused), contents.subspan(1)};
}

std::optional<int> digits(std::string_view text) {
  int value = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

// "YYMMDDHHMMSSZ" or "YYYYMMDDHHMMSSZ" (RFC 5280, 4.1.2.5.1 and .2).
Result<std::int64_t> check_time(Tag tag, BytesView contents, std::string_view what) {
  std::string_view text = as_text(contents);
  const std::size_t year_digits = tag == kUtcTime ? 2 : 4;
  const auto malformed = [&] { return invalid("{}: malformed time", what); };
  if (text.size() != year_digits + 11 || text.back() != 'Z') return malformed();
  const std::optional<int> year_text = digits(text.substr(0, year_digits));
  text.remove_prefix(year_digits);
  std::array<int, 5> parts{};  // month, day, hour, minute, second
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::optional<int> part = digits(text.substr(i * 2, 2));
    if (!part) return malformed();
    parts[i] = *part;
  }
  if (!year_text) return malformed();
  const int year = year_digits == 4 ? *year_text : *year_text + (*year_text < 50 ? 2000 : 1900);
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(parts[0])),
                                         std::chrono::day(static_cast<unsigned>(parts[1]))};
  if (!date.ok() || parts[2] > 23 || parts[3] > 59 || parts[4] > 59) return malformed();
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return ((days * 24 + parts[2]) * 60 + parts[3]) * 60 + parts[4];
}

}  // namespace

namespace {

// Checks before it moves on, so that an error leaves the reader where it stood.
template <class Check>
auto read_checked(Reader& reader, Tag tag, std::string_view what, Check&& check) -> decltype(check(BytesView{}, what)) {
  Reader ahead = reader;
  auto value = check(TRY(ahead.contents(tag, what)), what);
  if (value.has_value()) reader = ahead;
  return value;
}

}  // namespace

Result<bool> Reader::boolean(std::string_view what) { return read_checked(*this, kBoolean, what, check_boolean); }
Result<BytesView> Reader::integer(std::string_view what) { return read_checked(*this, kInteger, what, check_integer); }
Result<BytesView> Reader::unsigned_integer(std::string_view what) {
  return read_checked(*this, kInteger, what, check_unsigned);
}
Result<std::uint64_t> Reader::small_integer(std::string_view what) {
  return read_checked(*this, kInteger, what, check_small);
}
Result<BitString> Reader::bit_string(std::string_view what) {
  return read_checked(*this, kBitString, what, check_bit_string);
}
Result<BytesView> Reader::object_identifier(std::string_view what) {
  return read_checked(*this, kObjectIdentifier, what, check_object_identifier);
}

Result<void> Reader::null(std::string_view what) {
  Reader ahead = *this;
  if (!TRY(ahead.contents(kNull, what)).empty()) return invalid("{}: a NULL with contents", what);
  *this = ahead;
  return {};
}

Result<BytesView> Reader::octet_aligned_bits(std::string_view what) {
  Reader ahead = *this;
  const BitString bits = TRY(ahead.bit_string(what));
  if (bits.unused_bits != 0) return invalid("{}: not a whole number of bytes", what);
  *this = ahead;
  return bits.bytes;
}

Result<std::int64_t> Reader::time(std::string_view what) {
  Reader ahead = *this;
  const Tag tag = next_is(kUtcTime) ? kUtcTime : kGeneralizedTime;
  const BytesView contents = TRY(ahead.contents(tag, what));
  const std::int64_t seconds = TRY(check_time(tag, contents, what));
  *this = ahead;
  return seconds;
}

void Writer::close(std::size_t start) {
  const std::size_t length = out_.size() - start - 1;
  std::array<std::byte, 9> octets;
  std::size_t count = 0;
  if (length < 0x80) {
    octets[count++] = static_cast<std::byte>(length);
  } else {
    std::size_t bytes = 1;
    while (bytes < sizeof length && length >> (8 * bytes) != 0) ++bytes;
    octets[count++] = static_cast<std::byte>(0x80 | bytes);
    while (bytes-- > 0) octets[count++] = static_cast<std::byte>(length >> (8 * bytes));
  }
  const auto position = out_.begin() + static_cast<std::ptrdiff_t>(start) + 1;
  out_.insert(position, octets.begin(), octets.begin() + static_cast<std::ptrdiff_t>(count));
}

void Writer::element(Tag tag, BytesView contents) {
  nested(tag, [&] { raw(contents); });
}

void Writer::boolean(bool value) {
  const std::byte contents{static_cast<std::uint8_t>(value ? 0xff : 0x00)};
  element(kBoolean, {&contents, 1});
}

void Writer::integer(std::uint64_t value) {
  std::array<std::byte, 8> magnitude;
  for (std::size_t i = 0; i < 8; ++i) magnitude[i] = static_cast<std::byte>(value >> (8 * (7 - i)));
  unsigned_integer(magnitude);
}

void Writer::unsigned_integer(BytesView magnitude) {
  while (!magnitude.empty() && magnitude[0] == std::byte{0}) magnitude = magnitude.subspan(1);
  nested(kInteger, [&] {
    if (magnitude.empty() || (number(magnitude[0]) & 0x80) != 0) out_.push_back(std::byte{0});
    raw(magnitude);
  });
}

void Writer::bit_string(BytesView bytes, std::uint8_t unused_bits) {
  nested(kBitString, [&] {
    out_.push_back(std::byte{unused_bits});
    raw(bytes);
  });
}

void Writer::time(std::int64_t seconds) {
  const std::chrono::sys_seconds point{std::chrono::seconds(seconds)};
  const auto day = std::chrono::floor<std::chrono::days>(point);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(point - day);
  const int year = static_cast<int>(date.year());
  const std::string rest =
      fmt::format("{:02}{:02}{:02}{:02}{:02}Z", static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                  clock.hours().count(), clock.minutes().count(), clock.seconds().count());
  if (year >= 1950 && year <= 2049) {
    text(kUtcTime, fmt::format("{:02}{}", year % 100, rest));
  } else {
    text(kGeneralizedTime, fmt::format("{:04}{}", year, rest));
  }
}

std::string object_identifier_text(BytesView arcs) {
  std::string out;
  std::uint64_t arc = 0;
  for (std::byte b : arcs) {
    if (arc >> 56 != 0) return out + ".(too large)";
    arc = arc << 7 | (number(b) & 0x7f);
    if ((number(b) & 0x80) != 0) continue;
    if (out.empty()) {  // X.690, 8.19.4: the first two arcs share a number
      const std::uint64_t top = std::min<std::uint64_t>(arc / 40, 2);
      out = fmt::format("{}.{}", top, arc - top * 40);
    } else {
      out += fmt::format(".{}", arc);
    }
    arc = 0;
  }
  return out;
}

}  // namespace adyton::der
