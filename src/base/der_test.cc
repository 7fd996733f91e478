// SPDX-License-Identifier: Apache-2.0
#include <adyton/der.h>

#include <array>
#include <limits>

#include <gtest/gtest.h>

namespace adyton::der {
namespace {

Bytes hex(std::string_view text) {
  std::string digits;
  for (char c : text) {
    if (c != ' ') digits.push_back(c);
  }
  return parse_hex(digits).value();
}

std::string message_of(const auto& result) { return result.has_value() ? "accepted" : result.error().message; }

TEST(Der, ReadsWhatItWrote) {
  const Bytes magnitude = hex("ff01");
  const Bytes oid = hex("2a8648ce3d0201");
  Writer writer;
  writer.nested(kSequence, [&] {
    writer.integer(0);
    writer.integer(127);
    writer.integer(128);
    writer.integer(std::numeric_limits<std::uint64_t>::max());
    writer.unsigned_integer(magnitude);
    writer.boolean(true);
    writer.null();
    writer.element(kObjectIdentifier, oid);
    writer.bit_string(hex("a0"), 5);
    writer.bit_string(hex("0102"));
    writer.text(kUtf8String, "device");
    writer.time(0);
    writer.time(2'524'608'000);  // 2050-01-01T00:00:00Z
    writer.nested(context_constructed(3), [&] { writer.element(context(1), hex("00")); });
  });
  Reader outer(writer.bytes());
  Reader in = outer.enter(kSequence, "test").value();
  ASSERT_TRUE(outer.end("test"));
  EXPECT_EQ(in.small_integer("zero").value(), 0u);
  EXPECT_EQ(in.small_integer("127").value(), 127u);
  EXPECT_EQ(in.small_integer("128").value(), 128u);
  EXPECT_EQ(in.small_integer("most").value(), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(to_bytes(in.unsigned_integer("magnitude").value()), magnitude);
  EXPECT_TRUE(in.boolean("boolean").value());
  EXPECT_TRUE(in.null("null"));
  EXPECT_EQ(to_bytes(in.object_identifier("oid").value()), oid);
  const BitString bits = in.bit_string("bits").value();
  EXPECT_EQ(bits.unused_bits, 5);
  EXPECT_EQ(to_bytes(bits.bytes), hex("a0"));
  EXPECT_EQ(to_bytes(in.octet_aligned_bits("bytes").value()), hex("0102"));
  EXPECT_EQ(as_text(in.contents(kUtf8String, "text").value()), "device");
  EXPECT_EQ(in.time("epoch").value(), 0);
  EXPECT_TRUE(in.next_is(kGeneralizedTime));
  EXPECT_EQ(in.time("2050").value(), 2'524'608'000);
  Reader tagged = in.enter(context_constructed(3), "tagged").value();
  EXPECT_EQ(to_bytes(tagged.element(context(1), "one").value().whole), hex("810100"));
  EXPECT_TRUE(in.end("test"));
}

TEST(Der, LengthsTakeTheShortestForm) {
  for (std::size_t size : {0u, 1u, 127u, 128u, 255u, 256u, 65535u, 65536u}) {
    Writer writer;
    writer.element(kOctetString, Bytes(size));
    const std::size_t octets = size < 128 ? 1 : size < 256 ? 2 : size < 65536 ? 3 : 4;
    EXPECT_EQ(writer.bytes().size(), 1 + octets + size);
    Reader reader(writer.bytes());
    EXPECT_EQ(reader.contents(kOctetString, "test").value().size(), size);
  }
}

TEST(Der, RefusesWhatIsNotDer) {
  using Read = Result<void> (*)(Reader&);
  const Read any = [](Reader& r) -> Result<void> {
    return r.any("x").has_value() ? Result<void>() : r.any("x").error();
  };
#define READ(call)                \
  [](Reader& r) -> Result<void> { \
    auto v = r.call;              \
    if (!v) return v.error();     \
    return {};                    \
  }
  struct Case {
    std::string_view der;
    Read read;
    std::string_view message;
  };
  const Case cases[] = {
      {"", any, "x: missing"},
      {"1f8101 00", any, "x: a tag of more than one byte"},
      {"30", any, "x: cut short in its length"},
      {"3080 0000", any, "x: indefinite length, which DER does not allow"},
      {"3082 01", any, "x: cut short in its length"},
      {"308101 00", any, "x: its length is not in the shortest form"},
      {"30820080", any, "x: its length is not in the shortest form"},
      {"308500000000 01", any, "x: a length of 5 bytes"},
      {"30ff", any, "x: a length of 127 bytes"},
      {"3002 00", any, "x: cut short: 1 bytes of 2"},
      {"3084ffffffff 00", any, "x: cut short: 1 bytes of 4294967295"},
      {"0400", READ(integer("x")), "x: expected tag 0x02, found 0x04"},
      {"0200", READ(integer("x")), "x: an integer of no bytes"},
      {"02020001", READ(integer("x")), "x: an integer that is not in the shortest form"},
      {"0202ff80", READ(integer("x")), "x: an integer that is not in the shortest form"},
      {"0201ff", READ(unsigned_integer("x")), "x: negative"},
      {"0209 010000000000000000", READ(small_integer("x")), "x: out of range"},
      {"010101", READ(boolean("x")), "x: not a boolean"},
      {"0100", READ(boolean("x")), "x: not a boolean"},
      {"050100", READ(null("x")), "x: a NULL with contents"},
      {"0600", READ(object_identifier("x")), "x: malformed identifier"},
      {"06012a", READ(object_identifier("x")), "accepted"},
      {"060186", READ(object_identifier("x")), "x: malformed identifier"},
      {"06032a8001", READ(object_identifier("x")), "x: an identifier that is not in the shortest form"},
      {"0300", READ(bit_string("x")), "x: a bit string of no bytes"},
      {"030101", READ(bit_string("x")), "x: malformed bit string"},
      {"03020800", READ(bit_string("x")), "x: malformed bit string"},
      {"03020101", READ(bit_string("x")), "x: padding bits that are not zero"},
      {"03020102", READ(octet_aligned_bits("x")), "x: not a whole number of bytes"},
      {"170d 3235303133313030303030305a", READ(time("x")), "accepted"},           // 250131000000Z
      {"170d 3235303233303030303030305a", READ(time("x")), "x: malformed time"},  // 30 February
      {"170d 3235303133313234303030305a", READ(time("x")), "x: malformed time"},  // 24:00
      {"170d 32353031333130303030302b5a", READ(time("x")), "x: malformed time"},  // a sign for a digit
      {"170b 323530313331303030305a", READ(time("x")), "x: malformed time"},      // no seconds
      {"170d 32353031333130303030303030", READ(time("x")), "x: malformed time"},  // no Z
  };
#undef READ
  for (const Case& c : cases) {
    const Bytes der = hex(c.der);
    Reader reader(der);
    EXPECT_EQ(message_of(c.read(reader)), c.message) << c.der;
    if (c.message != "accepted") {
      EXPECT_EQ(reader.rest().size(), der.size()) << c.der << ": moved on after an error";
    }
  }
}

TEST(Der, EveryTruncationIsRefused) {
  Writer writer;
  writer.nested(kSequence, [&] {
    writer.integer(300);
    writer.element(kOctetString, Bytes(200));
  });
  for (std::size_t size = 0; size < writer.bytes().size(); ++size) {
    Reader reader(BytesView(writer.bytes()).first(size));
    EXPECT_FALSE(reader.any("test").has_value()) << size;
  }
}

TEST(Der, TimesAroundTheEdges) {
  for (const std::int64_t seconds : {-631'152'000LL, -1LL, 0LL, 951'782'400LL, 2'524'607'999LL, 253'402'300'799LL}) {
    Writer writer;
    writer.time(seconds);
    Reader reader(writer.bytes());
    EXPECT_EQ(reader.time("test").value(), seconds);
  }
}

TEST(Der, NamesIdentifiers) {
  EXPECT_EQ(object_identifier_text(hex("2a8648ce3d0201")), "1.2.840.10045.2.1");
  EXPECT_EQ(object_identifier_text(hex("550403")), "2.5.4.3");
  EXPECT_EQ(object_identifier_text(hex("883703")), "2.999.3");
  EXPECT_EQ(object_identifier_text(hex("2affffffffffffffffff7f")), "1.2.(too large)");
}

}  // namespace
}  // namespace adyton::der
