// SPDX-License-Identifier: Apache-2.0
#include "audit_line.h"

#include <chrono>

#include <fmt/format.h>

namespace device_ca {
namespace {

void append_string(std::string& out, std::string_view text) {  // RFC 8259, 7
  out += '"';
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", c);
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
}

}  // namespace

std::string audit_line(std::int64_t time, std::string_view event,
                       std::initializer_list<std::pair<std::string_view, std::string_view>> fields) {
  std::string out = fmt::format(R"({{"time":"{}","event":"{}")", utc_text(time), event);
  for (const auto& [name, value] : fields) {
    out += ',';
    append_string(out, name);
    out += ':';
    append_string(out, value);
  }
  return out += '}';
}

std::string utc_text(std::int64_t seconds) {
  const std::chrono::sys_seconds point{std::chrono::seconds(seconds)};
  const auto day = std::chrono::floor<std::chrono::days>(point);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(point - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count());
}

}  // namespace device_ca
