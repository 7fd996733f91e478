// SPDX-License-Identifier: Apache-2.0
// Names that openssl would not write.
#include "name.h"

#include <gtest/gtest.h>

#include "oids.h"
#include "refuse.h"

namespace device_ca {
namespace {

namespace der = adyton::der;

// A Name of one attribute.
adyton::Bytes name_of(der::Tag tag, std::string_view value) {
  der::Writer out;
  out.nested(der::kSequence, [&] {
    out.nested(der::kSet, [&] {
      out.nested(der::kSequence, [&] {
        out.element(der::kObjectIdentifier, oid::kCommonName);
        out.text(tag, value);
      });
    });
  });
  return out.take();
}

std::string read(adyton::BytesView bytes) {
  der::Reader reader(bytes);
  const auto name = read_name(reader, "name");
  return name ? name->text : name.error().message;
}

TEST(Name, ReadsStringsOfEveryAllowedKind) {
  EXPECT_EQ(read(name_of(der::kUtf8String, "device-ä €😀")), "CN=device-ä €😀");
  EXPECT_EQ(read(name_of(der::kPrintableString, "Device 1 (a+b)")), "CN=Device 1 (a\\+b)");
  EXPECT_EQ(read(name_of(der::kIa5String, "a@b_c")), "CN=a@b_c");
  EXPECT_EQ(read(name_of(der::kUtf8String, std::string(256, 'x'))), "CN=" + std::string(256, 'x'));
  EXPECT_EQ(read(make_name("Device CA")), "CN=Device CA");
}

TEST(Name, RefusesWhatIsNoPlainText) {
  const std::string_view plain = "name: not UTF-8 text without control characters";
  const std::pair<adyton::Bytes, std::string_view> cases[] = {
      {name_of(der::kUtf8String, std::string_view("a\0b", 3)), plain},
      {name_of(der::kUtf8String, "a\x1f"), plain},
      {name_of(der::kUtf8String, "a\x7f"), plain},
      {name_of(der::kUtf8String, "\xc2\x85"), plain},          // a control character above ASCII
      {name_of(der::kUtf8String, "\xc3\x28"), plain},          // not a continuation
      {name_of(der::kUtf8String, "\xc3"), plain},              // cut short
      {name_of(der::kUtf8String, "\xc0\xaf"), plain},          // not the shortest form
      {name_of(der::kUtf8String, "\xe0\x80\xaf"), plain},      // likewise
      {name_of(der::kUtf8String, "\xed\xa0\x80"), plain},      // a surrogate
      {name_of(der::kUtf8String, "\xf4\x90\x80\x80"), plain},  // above U+10FFFF
      {name_of(der::kUtf8String, "\xff"), plain},
      {name_of(der::kPrintableString, "a@b"), "name: a character that PrintableString does not have"},
      {name_of(der::kIa5String, "\xc3\xa4"), "name: a character that IA5String does not have"},
      {name_of(der::kBmpString, std::string_view("\0a", 2)),
       "name: uses TeletexString, BMPString or UniversalString: use UTF8String"},
      {name_of(der::kOctetString, "abc"), "name: not a string"},
      {name_of(der::kUtf8String, ""), "name: an attribute of 0 bytes; 1 to 256 are allowed"},
      {name_of(der::kUtf8String, std::string(257, 'x')), "name: an attribute of 257 bytes; 1 to 256 are allowed"},
      {adyton::parse_hex("3000").value(), "name: empty; a device needs a name"},
      {adyton::parse_hex("30023100").value(), "name: missing"},
      {adyton::parse_hex("300431023000").value(), "name: missing"},
  };
  for (const auto& [bytes, reason] : cases) EXPECT_EQ(read(bytes), reason) << adyton::to_hex(bytes);
}

TEST(Name, RefusesWhatIsTooLong) {
  der::Writer out;
  out.nested(der::kSequence, [&] {
    for (int i = 0; i < 10; ++i) {
      const adyton::Bytes one = name_of(der::kUtf8String, std::string(200, 'x'));
      out.raw(adyton::BytesView(one).subspan(one.size() - 200 - 14));
    }
  });
  EXPECT_TRUE(read(out.bytes()).contains("bytes long; 2048 are the most")) << read(out.bytes());
}

TEST(Name, SeveralAttributesInOneSet) {
  der::Writer out;
  out.nested(der::kSequence, [&] {
    out.nested(der::kSet, [&] {
      for (const std::string_view value : {"b", "a"}) {
        out.nested(der::kSequence, [&] {
          out.element(der::kObjectIdentifier, oid::kCommonName);
          out.text(der::kUtf8String, value);
        });
      }
    });
  });
  EXPECT_EQ(read(out.bytes()), "CN=b+CN=a");
}

}  // namespace
}  // namespace device_ca
