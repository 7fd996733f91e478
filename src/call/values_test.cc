// SPDX-License-Identifier: Apache-2.0
// Values through bytes and back, the text of their structures, and every way their bytes can be wrong.
#include <gtest/gtest.h>

#include <adyton/call.h>
#include <adyton/handlers.h>

#include "base/error.h"

namespace adyton {
namespace {

enum class Kind : std::uint8_t { kSensor = 1, kGateway = 2 };
struct Note {
  std::int32_t line = 0;
  std::optional<std::string> text;
  bool operator==(const Note&) const = default;
};
struct Device {
  std::string serial;
  Kind kind = Kind::kSensor;
  std::vector<Note> notes;
  std::map<std::string, Bytes> blobs;
  std::variant<std::monostate, std::int64_t, std::string> owner;
  std::array<std::uint8_t, 4> address{};
  bool active = false;
  std::pair<float, double> place;
  std::set<std::uint16_t> ports;
  std::tuple<> nothing;
  bool operator==(const Device&) const = default;
};

Device sample() {
  return {.serial = "A-17",
          .kind = Kind::kGateway,
          .notes = {{.line = -4, .text = "x"}, {.line = 2, .text = std::nullopt}},
          .blobs = {{"key", Bytes(3, std::byte{9})}, {"big", Bytes(1100, std::byte{1})}},
          .owner = std::string("Ada"),
          .address = {10, 0, 0, 1},
          .active = true,
          .place = {1.5f, -2.25},
          .ports = {1, 443},
          .nothing = {}};
}

Bytes flat(const Encoder& out) {
  Bytes bytes;
  out.for_each_part([&](BytesView part) {
    bytes.insert(bytes.end(), part.begin(), part.end());
    return true;
  });
  return bytes;
}

template <class T>
Bytes encode(const T& value) {
  Encoder out;
  detail::write_value(out, value);
  EXPECT_EQ(out.size(), flat(out).size());
  return flat(out);
}

template <class T>
Result<T> decode(BytesView bytes) {
  Decoder in(bytes);
  T value = detail::read_value<T>(in);
  TRY(in.finish());
  return value;
}

// A message that arrives in pieces of one byte.
class Drip : public MessageSource {
 public:
  explicit Drip(BytesView bytes) : bytes_(bytes) {}
  Result<BytesView> next() override {
    if (bytes_.empty()) return invalid("dry");
    const BytesView piece = bytes_.first(1);
    bytes_ = bytes_.subspan(1);
    return piece;
  }

 private:
  BytesView bytes_;
};

TEST(Values, EveryKindOfValueComesBack) {
  const Device device = sample();
  auto back = decode<Device>(encode(device));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_TRUE(*back == device);
}

TEST(Values, PiecesMakeNoDifference) {
  const Bytes bytes = encode(sample());
  Drip drip(bytes);
  Decoder in({}, bytes.size(), &drip);
  auto device = detail::read_value<Device>(in);
  ASSERT_TRUE(in.finish());
  EXPECT_TRUE(device == sample());
}

TEST(Values, EveryTruncationAndExtensionIsRefused) {
  Bytes bytes = encode(sample());
  for (std::size_t n = 0; n < bytes.size(); ++n) EXPECT_FALSE(decode<Device>(BytesView(bytes).first(n))) << n;
  bytes.push_back(std::byte{0});
  EXPECT_FALSE(decode<Device>(bytes));
}

TEST(Values, BitFlipsNeverCrashAndNeverReadBeyond) {
  const Bytes bytes = encode(sample());
  for (std::size_t i = 0; i < bytes.size() * 8; ++i) {
    Bytes flipped = bytes;
    flipped[i / 8] ^= std::byte{1} << (i % 8);
    auto device = decode<Device>(flipped);
    if (device) {
      EXPECT_EQ(encode(*device).size(), flipped.size());
    }
  }
}

TEST(Values, ClaimedCountsAreCheckedBeforeAnythingIsAllocated) {
  Encoder out;
  out.write_count(0xffffffff);
  const Bytes bytes = flat(out);
  EXPECT_EQ(decode<std::vector<std::uint64_t>>(bytes).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(decode<std::string>(bytes).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(decode<Bytes>(bytes).error().code, ErrorCode::kInvalid);
  EXPECT_EQ((decode<std::map<std::uint8_t, std::monostate>>(bytes).error().code), ErrorCode::kInvalid);
}

TEST(Values, MalformedScalarsAreRefused) {
  EXPECT_FALSE(decode<bool>(parse_hex("02").value()));
  EXPECT_FALSE(decode<std::optional<bool>>(parse_hex("0201").value()));
  EXPECT_FALSE((decode<std::variant<bool, int>>(parse_hex("0200000000").value())));
  EXPECT_FALSE((decode<std::map<bool, bool>>(parse_hex("020000000000"
                                                       "0001")
                                                 .value())));
  EXPECT_FALSE((decode<std::set<bool>>(parse_hex("020000000101").value())));
}

TEST(Values, StructureTextNamesFieldsAndTypes) {
  constexpr Call<"fleet.add", Result<std::uint32_t>(const Device&, std::span<const std::byte>)> add;
  EXPECT_EQ(add.kText,
            "fleet.add(Device{serial: string, kind: enum Kind: u8, notes: list<Note{line: i32, text: "
            "optional<string>}>, blobs: map<string, bytes>, owner: variant<void, i64, string>, address: array<u8, 4>, "
            "active: bool, place: tuple<f32, f64>, ports: set<u16>, nothing: tuple<>}, bytes) -> u32");
}

struct Empty {};
TEST(Values, EmptyAggregatesTakeNoBytes) {
  EXPECT_TRUE(encode(Empty{}).empty());
  EXPECT_TRUE(decode<Empty>({}));
}

Result<Bytes> run(const Handlers& handlers, BytesView arguments) {
  Decoder in(arguments);
  Encoder reply;
  TRY(handlers.list().at(0).run(in, reply));
  return flat(reply);
}

TEST(Handlers, ResultsErrorsAndExceptionsBecomeReplies) {
  constexpr Call<"length", std::uint32_t(std::string_view)> length;
  const Bytes argument = encode(std::string("abc"));
  EXPECT_EQ(run(Handlers(length, [](std::string_view s) { return s.size(); }), argument).value(),
            encode(std::uint32_t{3}));
  auto failing =
      run(Handlers(length, [](std::string_view) -> Result<std::uint32_t> { return denied("no"); }), argument);
  EXPECT_EQ(failing.error(), denied("no"));
  auto throwing =
      run(Handlers(length, [](std::string_view) -> std::uint32_t { throw std::runtime_error("boom"); }), argument);
  EXPECT_EQ(throwing.error(), internal("the handler of length threw: boom"));
  auto malformed = run(Handlers(length, [](std::string_view s) { return s.size(); }), BytesView(argument).first(5));
  EXPECT_EQ(malformed.error().code, ErrorCode::kInvalid);
}

TEST(Handlers, BigResultsStayAliveUntilTheyAreSent) {
  constexpr Call<"blob", Bytes(std::uint32_t)> blob;
  Decoder in(BytesView{});
  const Bytes argument = encode(std::uint32_t{100000});
  auto bytes = run(Handlers(blob, [](std::uint32_t n) { return Bytes(n, std::byte{7}); }), argument);
  EXPECT_EQ(bytes->size(), 100004u);
  EXPECT_EQ(bytes->back(), std::byte{7});
}

}  // namespace
}  // namespace adyton
