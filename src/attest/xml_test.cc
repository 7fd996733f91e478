// SPDX-License-Identifier: Apache-2.0
#include "attest/xml.h"

#include <gtest/gtest.h>

namespace adyton::xml {
namespace {

std::string canonical_of(std::string_view text) {
  const auto root = parse(text);
  EXPECT_TRUE(root) << root.error().message;
  return root ? canonical(*root) : std::string();
}

// Canonical XML 1.1, 3.3, "Start and End Tags", as far as it needs neither a document type nor a comment.
TEST(Xml, StartAndEndTags) {
  EXPECT_EQ(canonical_of("<doc>\n   <e1   />\n   <e2   ></e2>\n"
                         "   <e3   name = \"elem3\"   id=\"elem3\"   />\n"
                         "   <e5 a:attr=\"out\" b:attr=\"sorted\" attr2=\"all\" attr=\"I'm\"\n"
                         "      xmlns:b=\"http://www.ietf.org\"\n"
                         "      xmlns:a=\"http://www.w3.org\"\n"
                         "      xmlns=\"http://example.org\"/>\n"
                         "   <e6 xmlns=\"\" xmlns:a=\"http://www.w3.org\">\n"
                         "      <e7 xmlns=\"http://www.ietf.org\">\n"
                         "         <e8 xmlns=\"\" xmlns:a=\"http://www.w3.org\">\n"
                         "            <e9 xmlns=\"\" xmlns:a=\"http://www.ietf.org\"/>\n"
                         "         </e8>\n      </e7>\n   </e6>\n</doc>"),
            "<doc>\n   <e1></e1>\n   <e2></e2>\n   <e3 id=\"elem3\" name=\"elem3\"></e3>\n"
            "   <e5 xmlns=\"http://example.org\" xmlns:a=\"http://www.w3.org\" xmlns:b=\"http://www.ietf.org\" "
            "attr=\"I'm\" attr2=\"all\" b:attr=\"sorted\" a:attr=\"out\"></e5>\n"
            "   <e6 xmlns:a=\"http://www.w3.org\">\n      <e7 xmlns=\"http://www.ietf.org\">\n"
            "         <e8 xmlns=\"\">\n            <e9 xmlns:a=\"http://www.ietf.org\"></e9>\n"
            "         </e8>\n      </e7>\n   </e6>\n</doc>");
}

// Canonical XML 1.1, 3.4, "Character Modifications and Character References", likewise.
TEST(Xml, Characters) {
  EXPECT_EQ(canonical_of("<doc>\n   <text>First line&#x0d;&#10;Second line</text>\n   <value>&#x32;</value>\n"
                         "   <norm attr=' &apos;   &#x20;&#13;&#xa;&#9;   &apos; '/>\n</doc>"),
            "<doc>\n   <text>First line&#xD;\nSecond line</text>\n   <value>2</value>\n"
            "   <norm attr=\" '    &#xD;&#xA;&#x9;   ' \"></norm>\n</doc>");
  EXPECT_EQ(canonical_of("<a b='\t\r\nx\"&lt;&gt;&amp;'>\r\n\r&lt;&gt;&amp;\"</a>"),
            "<a b=\"  x&quot;&lt;>&amp;\">\n\n&lt;&gt;&amp;\"</a>");
  EXPECT_EQ(canonical_of("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a>\xc3\xa9&#xe9;&#x20ac;&#x1f600;</a>\n\n"),
            "<a>\xc3\xa9\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80</a>");
}

TEST(Xml, AnElementWithinItsSurroundings) {
  const Element root = parse("<a xmlns='u' xmlns:p='v'><b xmlns:q='w'><p:c><d/></p:c></b></a>").value();
  const Element* b = root.only("u", "b").value();
  const Element* c = b->only("v", "c").value();
  EXPECT_EQ(canonical_within({&root, b, c}), "<p:c xmlns=\"u\" xmlns:p=\"v\" xmlns:q=\"w\"><d></d></p:c>");
  EXPECT_EQ(canonical(root, c), "<a xmlns=\"u\" xmlns:p=\"v\"><b xmlns:q=\"w\"></b></a>");
}

TEST(Xml, RefusesWhatItDoesNotRead) {
  for (const std::string_view bad : {"",
                                     "a",
                                     "<a>",
                                     "<a/><b/>",
                                     "<a></b>",
                                     "<a/>x",
                                     "<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>",
                                     "<a><!-- c --></a>",
                                     "<a><?p i?></a>",
                                     "<a><![CDATA[x]]></a>",
                                     "<a>]]></a>",
                                     "<a>&e;</a>",
                                     "<a>&#0;</a>",
                                     "<a>&#xd800;</a>",
                                     "<a>&#x110000;</a>",
                                     "<a>&#99999999999;</a>",
                                     "<a>&#;</a>",
                                     "<a>&amp</a>",
                                     "<a b='1' b='2'/>",
                                     "<a xmlns:p='u' xmlns:q='u' p:b='1' q:b='2'/>",
                                     "<p:a/>",
                                     "<a p:b='1'/>",
                                     "<a xmlns:p=''/>",
                                     "<a xml:lang='en'/>",
                                     "<a xmlns:xml='u'/>",
                                     "<a xmlns:xmlns='u'/>",
                                     "<a xmlns='u' xmlns='u'/>",
                                     "<a b=1/>",
                                     "<a b='<'/>",
                                     "<a b='1'c='2'/>",
                                     "<a:b:c xmlns:a='u'/>",
                                     "<1a/>",
                                     "<a\x01/>",
                                     "<a>\xff</a>",
                                     "\xef\xbb\xbf<a/>",
                                     "<?xml version='1.0' encoding='ISO-8859-1'?><a/>",
                                     "<a",
                                     "<a b",
                                     "<a b='",
                                     "<a/",
                                     "< a/>"}) {
    const auto root = parse(bad);
    EXPECT_FALSE(root) << bad;
    if (!root) {
      EXPECT_EQ(root.error().code, ErrorCode::kInvalid);
    }
  }
}

TEST(Xml, HasLimits) {
  const auto nested = [](std::size_t depth) {
    std::string text;
    for (std::size_t i = 0; i < depth; ++i) text += "<a>";
    for (std::size_t i = 0; i < depth; ++i) text += "</a>";
    return text;
  };
  EXPECT_TRUE(parse(nested(32)));
  EXPECT_FALSE(parse(nested(33)));
  EXPECT_FALSE(parse(nested(100'000)));
  EXPECT_FALSE(parse("<a/>", {.bytes = 3}));
  EXPECT_FALSE(parse("<a b='1' c='2' d='3'/>", {.attributes = 2}));
  EXPECT_TRUE(parse("<a xmlns:p='1'><b xmlns:q='2'/><b xmlns:r='3'/></a>", {.prefixes = 3}));
  EXPECT_FALSE(parse("<a xmlns:p='1'><b xmlns:q='2'><b xmlns:r='3'/></b></a>", {.prefixes = 3}));
  EXPECT_FALSE(parse("<a xmlns='" + std::string(257, 'u') + "'/>"));
}

}  // namespace
}  // namespace adyton::xml
