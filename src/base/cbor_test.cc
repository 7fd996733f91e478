// SPDX-License-Identifier: Apache-2.0
#include "base/cbor.h"

#include <gtest/gtest.h>

namespace adyton::cbor {
namespace {

Bytes hex(std::string_view text) { return *parse_hex(text); }

// One item and nothing after it.
Result<void> check(BytesView input, Rules rules = {}) {
  Reader reader(input, rules);
  ADYTON_TRY(reader.read_item());
  return reader.finish();
}

TEST(CborWriter, WritesTheExamplesOfRfc8949AppendixA) {
  const std::pair<Writer, std::string_view> examples[] = {
      {Writer().integer(0), "00"},
      {Writer().integer(23), "17"},
      {Writer().integer(24), "1818"},
      {Writer().integer(100), "1864"},
      {Writer().integer(255), "18ff"},
      {Writer().integer(256), "190100"},
      {Writer().integer(1000), "1903e8"},
      {Writer().integer(65535), "19ffff"},
      {Writer().integer(1000000), "1a000f4240"},
      {Writer().integer(4294967296), "1b0000000100000000"},
      {Writer().integer(1000000000000), "1b000000e8d4a51000"},
      {Writer().unsigned_integer(18446744073709551615u), "1bffffffffffffffff"},
      {Writer().integer(-1), "20"},
      {Writer().integer(-10), "29"},
      {Writer().integer(-100), "3863"},
      {Writer().integer(-1000), "3903e7"},
      {Writer().integer(INT64_MIN), "3b7fffffffffffffff"},
      {Writer().boolean(false), "f4"},
      {Writer().boolean(true), "f5"},
      {Writer().null(), "f6"},
      {Writer().tag(1).integer(1363896240), "c11a514b67b0"},
      {Writer().bytes({}), "40"},
      {Writer().bytes(hex("01020304")), "4401020304"},
      {Writer().text(""), "60"},
      {Writer().text("IETF"), "6449455446"},
      {Writer().text("\xe6\xb0\xb4"), "63e6b0b4"},
      {Writer().array(0), "80"},
      {Writer().array(3).integer(1).array(2).integer(2).integer(3).array(2).integer(4).integer(5), "8301820203820405"},
      {Writer().map({}), "a0"},
  };
  for (const auto& [writer, expected] : examples) {
    EXPECT_EQ(to_hex(writer.encoded()), expected);
    EXPECT_TRUE(check(writer.encoded())) << expected;
  }
}

// RFC 8949, 4.2.1: the example of the order of keys (those of them that MapWriter can write).
TEST(CborWriter, SortsKeysByTheirEncoding) {
  MapWriter map;
  map.key("aa").integer(4);
  map.key(-1).integer(3);
  map.key("z").integer(5);
  map.key(100).integer(2);
  map.key(10).integer(1);
  EXPECT_EQ(to_hex(Writer().map(map).encoded()),
            "a5"
            "0a01"
            "186402"
            "2003"
            "617a05"
            "62616104");
}

TEST(CborReader, ReadsWhatIsWritten) {
  Writer writer;
  MapWriter map;
  map.key("list").array(2).integer(-5).text("x");
  map.key(7).bytes(hex("beef"));
  writer.array(6).integer(-70000).unsigned_integer(UINT64_MAX).boolean(true).null().tag(18).text("tagged").map(map);
  Reader reader(writer.encoded());
  ASSERT_TRUE(reader.read_array_head(6));
  EXPECT_EQ(*reader.read_integer(), -70000);
  EXPECT_FALSE(Reader(reader).read_integer());  // beyond int64
  EXPECT_EQ(*reader.read_unsigned(), UINT64_MAX);
  EXPECT_FALSE(*reader.skip_null());
  EXPECT_TRUE(*reader.read_boolean());
  EXPECT_TRUE(*reader.skip_null());
  EXPECT_EQ(*reader.peek(), Type::kTag);
  EXPECT_EQ(*reader.read_tag(), 18u);
  EXPECT_EQ(*reader.read_text(), "tagged");
  std::vector<std::string> seen;
  ASSERT_TRUE(reader.read_map([&](const Key& key) -> Result<void> {
    seen.push_back(key.to_string());
    if (key == 7) {
      seen.push_back(to_hex(ADYTON_TRY(reader.read_bytes())));
      return {};
    }
    EXPECT_TRUE(key == "list");
    EXPECT_FALSE(key == "7" || key == 8);
    return reader.read_array([&]() -> Result<void> {
      ADYTON_TRY(reader.read_item());
      return {};
    });
  }));
  EXPECT_EQ(seen, (std::vector<std::string>{"7", "beef", "\"list\""}));
  EXPECT_TRUE(reader.finish());
}

TEST(CborReader, NeverTakesTheseEitherWay) {
  for (std::string_view bad : {
           "",          // nothing
           "5f4101ff",  // indefinite byte string
           "7f6161ff",  // indefinite text
           "9f01ff",    // indefinite array
           "bf0102ff",  // indefinite map
           "ff",        // a stop without a start
           "1c",
           "1d",
           "1e",  // reserved lengths
           "f800",
           "f818",  // simple values in two bytes that have or need one
           "18",
           "19ff",
           "1affffff",
           "1bffffffffffffff",  // cut short in the head
           "41",
           "6261",                // cut short in the string
           "5bffffffffffffffff",  // a byte string of 2^64 - 1 bytes
           "7b7fffffffffffffff",  // a text of 2^63 - 1 bytes
           "9bffffffffffffffff",
           "bbffffffffffffffff",
           "9a0fffffff00",
           "ba0fffffff00",        // huge counts
           "bb8000000000000000",  // a count that overflows when doubled
           "8201",
           "a101",
           "a1",  // missing items
           "c1",  // a tag of nothing
           "62c328",
           "61ff",            // not UTF-8
           "a201020103",      // the same key twice
           "a2616101616102",  // the same key twice
           "a141f600f6",      // trailing bytes
           "0000",            // trailing bytes
       }) {
    EXPECT_EQ(check(hex(bad)).error().code, ErrorCode::kInvalid) << bad;
    EXPECT_FALSE(check(hex(bad), {.deterministic = false})) << bad;
  }
}

// RFC 8949, appendix A, and what 3.2.1 calls not well-formed.
TEST(CborReader, TakesContainersWithoutACountWhenAsked) {
  const Rules rules{.deterministic = false, .indefinite = true};
  for (std::string_view good :
       {"9fff", "9f018202039f0405ffff", "9f01820203820405ff", "83018202039f0405ff", "bfff", "bf61610161629f0203ffff",
        "826161bf61626163ff", "bf6346756ef563416d7421ff", "a16161bf02a10101ff"}) {
    EXPECT_TRUE(check(hex(good), rules)) << good;
    EXPECT_FALSE(check(hex(good), {.deterministic = false})) << good;
    EXPECT_FALSE(check(hex(good), {.deterministic = true, .indefinite = true})) << good;
    const Bytes whole = hex(good);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      EXPECT_FALSE(check(BytesView(whole).first(size), rules)) << good << " cut to " << size;
    }
  }
  for (std::string_view bad : {"ff", "81ff", "a1ff", "a101ff", "bf01ff", "bf01020102ff", "5f4101ff", "7f6161ff",
                               "9f01ff00", "c1ff", "1f", "3f", "df", "8201ff"}) {
    EXPECT_FALSE(check(hex(bad), rules)) << bad;
  }
  EXPECT_FALSE(Reader(hex("9f01ff"), rules).read_array_head(1));
}

TEST(CborReader, TakesTheseOnlyWhenNotDeterministic) {
  for (std::string_view loose : {
           "1800",
           "1817",
           "1900ff",
           "1a0000ffff",
           "1b00000000ffffffff",  // numbers too long
           "3800",
           "580141",
           "780161",
           "980100",
           "b8010000",
           "d80100",      // lengths too long
           "a202010101",  // keys descending
           "a2626161016162"
           "02",  // keys in the wrong order (aa, b)
           "f93c00",
           "fa47c35000",
           "fb3ff199999999999a",  // floating-point numbers
           "e0",
           "f3",
           "f7",
           "f820",
           "f8ff",  // other simple values
       }) {
    EXPECT_FALSE(check(hex(loose))) << loose;
    const Result<void> result = check(hex(loose), {.deterministic = false});
    EXPECT_TRUE(result) << loose << ": " << result.error().message;
  }
}

TEST(CborReader, FindsAKeyThatIsRepeatedInALongerForm) {
  EXPECT_FALSE(check(hex("a20100180100"), {.deterministic = false}));
  EXPECT_FALSE(check(hex("a2616100780161"
                         "00"),
                     {.deterministic = false}));
  EXPECT_TRUE(check(hex("a20100180200"), {.deterministic = false}));
}

TEST(CborReader, LimitsDepth) {
  for (std::string_view open : {"81", "c1", "a100"}) {
    std::string nested;
    for (int i = 0; i < 16; ++i) nested += open;
    EXPECT_TRUE(check(hex(nested + "00"))) << open;
    EXPECT_FALSE(check(hex(nested + std::string(open) + "00"))) << open;
    EXPECT_TRUE(check(hex(nested + std::string(open) + "00"), {.max_depth = 17})) << open;
  }
  std::string deep;
  for (int i = 0; i < 1'000'000; ++i) deep += "81";
  EXPECT_FALSE(check(hex(deep)));
}

TEST(CborReader, LimitsTheDepthOfItsCallers) {
  const Bytes nested = hex("81818100");
  Reader reader(nested, {.max_depth = 2});
  std::function<Result<void>()> recurse = [&]() -> Result<void> {
    if (*reader.peek() != Type::kArray) return ADYTON_TRY(reader.read_item()), Result<void>();
    return reader.read_array(recurse);
  };
  EXPECT_NE(recurse().error().message.find("nested more than 2 deep"), std::string::npos);
}

TEST(CborReader, NamesWhatItWantedAndWhere) {
  const Bytes input = hex("01f4");
  Reader reader(input);
  EXPECT_FALSE(reader.read_text());
  EXPECT_FALSE(reader.read_bytes());
  EXPECT_FALSE(reader.read_boolean());
  EXPECT_FALSE(reader.read_tag());
  EXPECT_FALSE(reader.read_array([] { return Result<void>(); }));
  EXPECT_FALSE(reader.read_map([](const Key&) { return Result<void>(); }));
  EXPECT_TRUE(reader.read_unsigned());
  EXPECT_EQ(reader.read_array_head(2).error().message, "CBOR at byte 1: not an array");
  EXPECT_EQ(reader.finish().error().message, "CBOR at byte 1: 1 bytes too many at the end");
  const Bytes key =
      hex("a141000"
          "0");
  EXPECT_FALSE(Reader(key).read_map([](const Key&) { return Result<void>(); }));
}

TEST(CborReader, RefusesEveryTruncationAndSurvivesEveryFlip) {
  MapWriter map;
  map.key(1).array(2).text("\xce\xb4").integer(-300);
  map.key("two").tag(24).bytes(hex("00010203"));
  map.key("three").boolean(true);
  const Bytes whole = Writer().map(map).encoded();
  ASSERT_TRUE(check(whole));
  for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_FALSE(check(BytesView(whole).first(size))) << size;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      Bytes flipped = whole;
      flipped[i] ^= static_cast<std::byte>(1u << bit);
      (void)check(flipped);
      (void)check(flipped, {.deterministic = false});
    }
  }
}

}  // namespace
}  // namespace adyton::cbor
