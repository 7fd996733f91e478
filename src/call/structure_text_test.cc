// SPDX-License-Identifier: Apache-2.0
// Structure texts as trees, what differs between two, and values as JSON.
#include "call/structure_text.h"

#include <gtest/gtest.h>

#include <adyton/call.h>
#include "call/json_values.h"

namespace adyton {
namespace {

struct Point {
  std::int32_t x = 0;
  std::optional<std::string> label;
};
enum class Color : std::uint8_t { kRed };
constexpr Call<"draw", std::vector<Point>(const std::map<std::string, Point>&, std::variant<std::int64_t, Point>, Color,
                                          std::tuple<bool, double>, std::array<std::uint16_t, 2>, const Bytes&,
                                          const std::map<std::uint8_t, bool>&, const std::set<std::uint8_t>&)>
    draw;

TEST(StructureText, ParsesWhatTheCompilerWrites) {
  const auto tree = parse_call_text(draw.kText);
  ASSERT_TRUE(tree) << tree.error().message;
  EXPECT_EQ(tree->name, "draw");
  std::string parameters;
  for (const auto& type : tree->parameters) parameters += (parameters.empty() ? "" : ", ") + text_of(type);
  EXPECT_EQ(tree->name + "(" + parameters + ") -> " + text_of(tree->result), draw.kText);
}

TEST(StructureText, RefusesEveryTruncationAndNonsense) {
  for (std::size_t n = 0; n < draw.kText.size(); ++n) {
    const auto tree = parse_call_text(draw.kText.substr(0, n));
    EXPECT_FALSE(tree) << draw.kText.substr(0, n);
  }
  for (const char* bad :
       {"", "f", "()", "f() ->", "f() -> list<>", "f() -> list<u8, u8>", "f() -> u7", "f(,) -> u8",
        "f() -> array<u8, x>", "f() -> array<u8, 04>", "f() -> enum E: string", "f() -> S{x u8}", "f() -> u8 "}) {
    EXPECT_FALSE(parse_call_text(bad)) << bad;
  }
  std::string deep = "f() -> ";
  for (int i = 0; i < 100'000; ++i) deep += "list<";
  EXPECT_FALSE(parse_call_text(deep));
}

TEST(StructureText, NamesTheFirstDifference) {
  EXPECT_EQ(explain_difference("f(u8) -> P{x: i32, y: list<u8>}", "f(u8) -> P{x: i32, y: list<u16>}"),
            "result, field `y`: u8 here, u16 there");
  EXPECT_EQ(explain_difference("f(P{x: i32}) -> u8", "f(P{x: i32, z: u8}) -> u8"),
            "parameter 1: P has a field `z` there, but not here");
  EXPECT_EQ(explain_difference("f(P{x: i32, z: u8}) -> u8", "f(P{x: i32}) -> u8"),
            "parameter 1: P has a field `z` here, but not there");
  EXPECT_EQ(explain_difference("f(u8) -> u8", "f() -> u8"), "1 parameters here, 0 there");
}

constexpr std::string_view kArguments =
    R"([{"a":{"x":-5,"label":null}},{"Point":{"x":1,"label":"one"}},0,[true,2.5],[1,65535],"AQID",[[1,true],[2,false]],[7]])";

TEST(JsonValues, ComeBackAsTheyWere) {
  const auto tree = parse_call_text(draw.kText).value();
  const auto bytes = arguments_from_json(tree.parameters, kArguments);
  ASSERT_TRUE(bytes) << bytes.error().message;
  TypeTree all{.kind = TypeTree::Kind::kTuple, .parts = tree.parameters};
  Decoder in(*bytes);
  EXPECT_EQ(result_to_json(all, in).value(), kArguments);
  // What JSON made is what the typed side reads.
  Decoder typed(*bytes);
  const auto points = detail::read_value<std::map<std::string, Point>>(typed);
  EXPECT_EQ(points.at("a").x, -5);
}

TEST(JsonValues, SayWhatIsWrongAndWhere) {
  const auto tree = parse_call_text("f(P{x: i8, y: optional<u8>}, bytes) -> void").value();
  const auto message = [&](std::string_view json) {
    return arguments_from_json(tree.parameters, json).error().message;
  };
  EXPECT_EQ(message("[]"), "2 arguments wanted, 0 given");
  EXPECT_EQ(message("{"), "the arguments must be a JSON array, like [\"Ada\", 3]");
  EXPECT_EQ(message(R"([{"x": 128}, ""])"), "argument 1: field x: an integer from -128 to 127 wanted, got 128");
  EXPECT_EQ(message(R"([{"x": 1, "z": 1}, ""])"), "argument 1: P has no field z");
  EXPECT_EQ(message(R"([{}, ""])"), "argument 1: field x of P is missing");
  EXPECT_EQ(message(R"([{"x": 1}, "?"])"), "argument 2: base64 text of 1 characters, not a multiple of 4");
}

TEST(JsonValues, EveryTruncationOfAResultIsRefused) {
  const auto tree = parse_call_text(draw.kText).value();
  const Bytes bytes = arguments_from_json(tree.parameters, kArguments).value();
  const TypeTree all{.kind = TypeTree::Kind::kTuple, .parts = tree.parameters};
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    Decoder in(BytesView(bytes).first(n));
    EXPECT_FALSE(result_to_json(all, in)) << n;
  }
}

}  // namespace
}  // namespace adyton
