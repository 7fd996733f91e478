// SPDX-License-Identifier: Apache-2.0
// Points in time as people and documents write them (RFC 3339, in UTC), and as numbers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <adyton/result.h>

namespace adyton {

// "2026-11-22T08:00:00Z" of seconds since 1970; outside the years 0 to 9999 "N seconds after 1970".
std::string utc_text(std::int64_t seconds);

// Seconds since 1970 of "2026-11-22T08:00:00Z", also without the Z and with a fraction, which is cut off, or of a day
// alone, at whose beginning. Errors: invalid.
Result<std::int64_t> parse_utc(std::string_view text);

}  // namespace adyton
