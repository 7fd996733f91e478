// SPDX-License-Identifier: Apache-2.0
#include "base/utc.h"

#include <gtest/gtest.h>

namespace adyton {
namespace {

TEST(Utc, GoesBothWays) {
  for (const std::string_view text : {"1970-01-01T00:00:00Z", "2026-11-22T08:20:59Z", "2000-02-29T23:59:59Z",
                                      "1969-12-31T23:59:59Z", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z"}) {
    EXPECT_EQ(utc_text(parse_utc(text).value()), text);
  }
  EXPECT_EQ(parse_utc("1970-01-01T00:00:01Z").value(), 1);
  EXPECT_EQ(parse_utc("2025-01-31").value(), parse_utc("2025-01-31T00:00:00Z").value());
  EXPECT_EQ(parse_utc("2025-01-31T01:02:03.987654").value(), parse_utc("2025-01-31T01:02:03Z").value());
  EXPECT_EQ(utc_text(INT64_MAX), "9223372036854775807 seconds after 1970");
}

TEST(Utc, RefusesWhatIsNoTime) {
  for (const std::string_view text :
       {"", "2025", "2025-02-29", "2025-13-01", "2025-01-31T24:00:00Z", "2025-01-31T00:60:00Z", "2025-01-31T00:00:60Z",
        "2025-01-31 00:00:00Z", "2025-01-31T00:00:00+01:00", "2025-01-31T00:00:00.Z", "2025-01-31T00:00:00ZZ",
        "2025-01-31T00:00:00.1a", "+025-01-31"}) {
    EXPECT_FALSE(parse_utc(text)) << text;
  }
}

}  // namespace
}  // namespace adyton
