// SPDX-License-Identifier: Apache-2.0
#include "base/utc.h"

#include <chrono>

#include "base/error.h"

namespace adyton {
namespace {

constexpr std::int64_t kFirst = -62167219200, kLast = 253402300799;  // the years 0 to 9999

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Whether `text` has digits where `shape` has d, and else its characters.
bool has_shape(std::string_view text, std::string_view shape) {
  if (text.size() != shape.size()) return false;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 'd' ? !is_digit(text[i]) : text[i] != shape[i]) return false;
  }
  return true;
}

// The text without a fraction of a second and a Z; unchanged if that is not what it ends with.
std::string_view without_fraction(std::string_view text) {
  if (text.ends_with('Z')) text.remove_suffix(1);
  const std::size_t point = text.find('.');
  if (point == text.npos || point + 1 == text.size()) return text;
  for (const char c : text.substr(point + 1)) {
    if (!is_digit(c)) return text;
  }
  return text.substr(0, point);
}

}  // namespace

std::string utc_text(std::int64_t seconds) {
  if (seconds < kFirst || seconds > kLast) return fmt::format("{} seconds after 1970", seconds);
  const std::chrono::sys_seconds point{std::chrono::seconds(seconds)};
  const auto day = std::chrono::floor<std::chrono::days>(point);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(point - day);
  // By hand: every answer of a verification tells several times.
  std::string out = "0000-00-00T00:00:00Z";
  const auto put = [&](std::size_t last, std::int64_t value) {
    for (; value > 0; value /= 10) out[last--] = static_cast<char>('0' + value % 10);
  };
  put(3, static_cast<int>(date.year()));
  put(6, static_cast<unsigned>(date.month()));
  put(9, static_cast<unsigned>(date.day()));
  put(12, clock.hours().count());
  put(15, clock.minutes().count());
  put(18, clock.seconds().count());
  return out;
}

Result<std::int64_t> parse_utc(std::string_view text) {
  const bool day_only = has_shape(text, "dddd-dd-dd");
  const std::string_view plain = without_fraction(text);
  const auto bad = [&] { return invalid("\"{}\" is no time: write it as 2025-01-31T12:00:00Z or 2025-01-31", text); };
  if (!day_only && !has_shape(plain, "dddd-dd-ddTdd:dd:dd")) return bad();
  const auto number = [&](std::size_t at, std::size_t size) {
    unsigned out = 0;
    for (const char c : plain.substr(at, size)) out = out * 10 + static_cast<unsigned>(c - '0');
    return out;
  };
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(number(0, 4))),
                                         std::chrono::month(number(5, 2)), std::chrono::day(number(8, 2))};
  const std::int64_t hour = day_only ? 0 : number(11, 2), minute = day_only ? 0 : number(14, 2),
                     second = day_only ? 0 : number(17, 2);
  if (!date.ok() || hour > 23 || minute > 59 || second > 59) return bad();
  return std::chrono::sys_days(date).time_since_epoch().count() * std::int64_t{86400} + hour * 3600 + minute * 60 +
         second;
}

}  // namespace adyton
