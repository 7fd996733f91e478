// SPDX-License-Identifier: Apache-2.0
#include "attest/json.h"

#include <gtest/gtest.h>

namespace adyton {
namespace {

TEST(Json, ReadsWhatIsThere) {
  const auto json =
      parse_json(R"({"a":{"b":[1,"x",true,null,1.5]},"t":1666529184.0,"n":-3,"big":18446744073709551615})");
  ASSERT_TRUE(json) << json.error().message;
  const Json* list = find(find(&*json, "a"), "b");
  ASSERT_TRUE(list && list->size() == 5);
  EXPECT_EQ(integer_of(&(*list)[0]), 1);
  EXPECT_EQ(text_of(&(*list)[1]), "x");
  EXPECT_EQ(boolean_of(&(*list)[2]), true);
  EXPECT_FALSE(integer_of(&(*list)[4]));
  EXPECT_EQ(time_of(&(*list)[4]), 1);
  EXPECT_EQ(time_of(find(&*json, "t")), 1666529184);
  EXPECT_EQ(time_of(find(&*json, "n")), -3);
  EXPECT_FALSE(integer_of(find(&*json, "big")));
  EXPECT_EQ(find(find(&*json, "a"), "c"), nullptr);
  EXPECT_EQ(find(find(&*json, "n"), "c"), nullptr);
  EXPECT_FALSE(text_of(nullptr));
  EXPECT_EQ(display_of(*list), R"([1,"x",true,null,1.5])");
}

TEST(Json, RefusesWhatTwoReadersCouldReadInTwoWays) {
  for (const std::string_view bad :
       {"", "{", "{}x", "{} {}", R"({"a":1,"a":2})", R"({"b":{"a":1,"c":2,"a":1}})", "[1,]", "NaN", "'a'", "{a:1}",
        "/* */ {}", "\xef\xbb\xbf{}", "\"\xff\"", "[1 2]", "01"}) {
    const auto json = parse_json(bad);
    ASSERT_FALSE(json) << bad;
    EXPECT_EQ(json.error().code, ErrorCode::kInvalid) << bad;
  }
  EXPECT_TRUE(parse_json(R"([{"a":1},{"a":2}])"));
}

TEST(Json, HasLimits) {
  EXPECT_TRUE(parse_json(std::string(32, '[') + std::string(32, ']')));
  EXPECT_EQ(parse_json(std::string(33, '[') + std::string(33, ']')).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(parse_json(std::string(500'000, '[')).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(parse_json("[1,2,3]", {.bytes = 6}).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(parse_json("[1e400]").error().code, ErrorCode::kInvalid);
}

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
