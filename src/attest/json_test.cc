// SPDX-License-Identifier: Apache-2.0
#include "attest/json.h"

#include <gtest/gtest.h>

namespace adyton {
namespace {

TEST(Json, IsBoundedAndUnambiguous) {
  EXPECT_EQ(parse_json(R"({"a":{"b":1},"b":[{"a":1},{"a":2}]})").value()["b"][1]["a"], 2);
  for (const std::string_view bad : {"", "{", "nul", "{} {}", R"({"a":1,"a":1})", R"([{"x":{"a":1,"a":2}}])",
                                     R"({"a":1,"\u0061":1})", "\"\xff\"", "[1,]", "NaN", "{'a':1}", "// x\n{}"}) {
    EXPECT_EQ(parse_json(bad).error().code, ErrorCode::kInvalid) << bad;
  }
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(parse_json(nested(32)));
  EXPECT_FALSE(parse_json(nested(33)));
  EXPECT_FALSE(parse_json(nested(1 << 20)));
  EXPECT_FALSE(parse_json(std::string(1 << 20, '[')));
  EXPECT_TRUE(parse_json("[1]", {.bytes = 3}));
  EXPECT_FALSE(parse_json("[10]", {.bytes = 3}));
}

TEST(Json, MembersAreFoundOrNot) {
  const nlohmann::json json = parse_json(R"({"s":"x","n":1})").value();
  EXPECT_EQ(*find_string(json, "s"), "x");
  EXPECT_EQ(find_string(json, "n"), nullptr);
  EXPECT_NE(find_member(json, "n"), nullptr);
  EXPECT_EQ(find_member(json, "z"), nullptr);
  EXPECT_EQ(find_member(parse_json("[1]").value(), "s"), nullptr);
}

}  // namespace
}  // namespace adyton
