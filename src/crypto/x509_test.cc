// SPDX-License-Identifier: Apache-2.0
#include "crypto/x509.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "testing/fake_pki.h"

namespace adyton {
namespace {

using testing::FakeCa;
using testing::FakeIdentity;
using testing::FakeOptions;
using testing::kFakeDay;
using testing::kFakeNow;
using testing::oid;

Bytes bytes(std::initializer_list<unsigned> values) {
  Bytes out;
  for (const unsigned value : values) out.push_back(static_cast<std::byte>(value));
  return out;
}

std::string message_of(const Result<Certificate>& result) { return result ? "no error" : result.error().message; }

TEST(Certificate, SaysWhatIsInIt) {
  FakeCa root = FakeCa::root("CN=Root,O=Fake\\Org,C=DE", {.path_length = 3});
  const FakeIdentity leaf = root.issue("Leaf", {.key = KeyType::kP384,
                                                .not_before = 0,
                                                .not_after = 253402300799,  // 9999-12-31T23:59:59Z
                                                .serial = bytes({0, 0, 0x80, 1}),
                                                .key_usage = {0, 8},
                                                .crl_urls = {"http://a/b.crl", "http://c/d"},
                                                .extensions = {{oid("1.3.6.1.4.1.3704.1.1"), bytes({2, 1, 7})}}});
  const Certificate& c = leaf.certificate;
  EXPECT_EQ(c.issuer().text, "CN=Root,O=Fake\\\\Org,C=DE");
  EXPECT_EQ(c.issuer(), root.certificate().subject());
  EXPECT_EQ(c.subject().common_name(), "Leaf");
  EXPECT_EQ(to_bytes(c.serial()), bytes({0x80, 1}));
  EXPECT_EQ(c.not_before(), 0);
  EXPECT_EQ(c.not_after(), 253402300799);
  EXPECT_EQ(c.key().type(), KeyType::kP384);
  EXPECT_EQ(c.signature_algorithm(), SignatureAlgorithm::kEcdsaSha256);
  EXPECT_FALSE(c.basic_constraints());
  EXPECT_TRUE(c.may(KeyUsage::kDigitalSignature));
  EXPECT_FALSE(c.may(KeyUsage::kKeyCertSign));
  EXPECT_EQ(c.crl_urls(), (std::vector<std::string>{"http://a/b.crl", "http://c/d"}));
  EXPECT_EQ(to_bytes(c.extension(oid("1.3.6.1.4.1.3704.1.1")).value()), bytes({2, 1, 7}));
  EXPECT_FALSE(c.extension(oid("1.3.6.1.4.1.3704.1.2")));
  EXPECT_TRUE(c.unknown_critical().empty());
  EXPECT_FALSE(c.self_issued());
  EXPECT_EQ(to_bytes(c.authority_key_id().value()), to_bytes(root.certificate().subject_key_id().value()));
  EXPECT_TRUE(c.verify_signature(root.key().verifying_key()));
  EXPECT_EQ(c.verify_signature(leaf.key.verifying_key()).error().code, ErrorCode::kUntrusted);
  EXPECT_TRUE(root.certificate().self_issued());
  EXPECT_EQ(root.certificate().basic_constraints()->path_length, 3U);
  EXPECT_EQ(root.certificate().authority_key_id().has_value(), true);
}

TEST(Certificate, IsReadForEveryAlgorithm) {
  const std::pair<KeyType, SignatureAlgorithm> all[] = {
      {KeyType::kP256, SignatureAlgorithm::kEcdsaSha256},   {KeyType::kP384, SignatureAlgorithm::kEcdsaSha384},
      {KeyType::kP521, SignatureAlgorithm::kEcdsaSha512},   {KeyType::kRsa, SignatureAlgorithm::kRsaPkcs1Sha256},
      {KeyType::kRsa, SignatureAlgorithm::kRsaPkcs1Sha384}, {KeyType::kRsa, SignatureAlgorithm::kRsaPkcs1Sha512},
      {KeyType::kRsa, SignatureAlgorithm::kRsaPssSha256},   {KeyType::kRsa, SignatureAlgorithm::kRsaPssSha384},
      {KeyType::kRsa, SignatureAlgorithm::kRsaPssSha512},   {KeyType::kEd25519, SignatureAlgorithm::kEd25519},
  };
  for (const auto& [type, algorithm] : all) {
    const FakeCa root = FakeCa::root("Root", {.key = type, .algorithm = algorithm});
    EXPECT_EQ(root.certificate().signature_algorithm(), algorithm);
    EXPECT_TRUE(root.certificate().verify_signature(root.key().verifying_key())) << name_of(algorithm);
    EXPECT_TRUE(root.revoke({}).verify_signature(root.key().verifying_key())) << name_of(algorithm);
  }
}

TEST(Certificate, OfVersion1HasNoExtensions) {
  FakeCa root = FakeCa::root("Root");
  const Result<Certificate> v1 = Certificate::parse(root.issue_der("Old", {.version = 1}, false));
  ASSERT_TRUE(v1) << message_of(v1);
  EXPECT_FALSE(v1->basic_constraints());
  EXPECT_TRUE(Certificate::parse(root.issue_der("Old", {.version = 2}, false)));
  for (const unsigned version : {4U, 255U}) {
    EXPECT_NE(message_of(Certificate::parse(root.issue_der("New", {.version = version}, false))).find("version"),
              std::string::npos);
  }
}

TEST(Certificate, RefusesTwoAlgorithmsAndTwoOfAnExtension) {
  FakeCa root = FakeCa::root("Root");
  const FakeOptions twice = {.extensions = {{oid("1.2.3"), bytes({5, 0})}, {oid("1.2.3"), bytes({5, 0})}}};
  EXPECT_NE(message_of(Certificate::parse(root.issue_der("L", twice, false))).find("1.2.3 twice"), std::string::npos);
  const FakeOptions known_twice = {.extensions = {{oid("2.5.29.19"), bytes({0x30, 0})}}};
  EXPECT_FALSE(Certificate::parse(root.issue_der("L", known_twice, true)));
  const FakeOptions differ = {.alter_tbs = [](Bytes& tbs) {
    // ecdsa-with-SHA256 becomes ecdsa-with-SHA384 within the signed part alone.
    const Bytes arcs = oid("1.2.840.10045.4.3.2");
    const auto found = std::ranges::search(tbs, arcs);
    *(found.end() - 1) = std::byte{3};
  }};
  EXPECT_NE(message_of(Certificate::parse(root.issue_der("L", differ, false))).find("two signature algorithms"),
            std::string::npos);
}

TEST(Certificate, HoldsKnownExtensionsToTheirForm) {
  FakeCa root = FakeCa::root("Root");
  const std::pair<std::string_view, Bytes> bad[] = {
      {"2.5.29.19", bytes({0x30, 3, 2, 1, 0})},           // a path length without an authority
      {"2.5.29.19", bytes({0x30, 3, 1, 1, 1})},           // BER's true
      {"2.5.29.19", bytes({0x30, 0, 0})},                 // something after it
      {"2.5.29.19", bytes({0x31, 0})},                    // not a sequence
      {"2.5.29.15", bytes({3, 2, 0x1f, 0x80})},           // more unused bits than bits
      {"2.5.29.15", bytes({3, 4, 0, 1, 1, 1})},           // more usages than there are
      {"2.5.29.15", bytes({3, 2, 1, 0xff})},              // padding that is not zero
      {"2.5.29.14", bytes({5, 0})},                       // not octets
      {"2.5.29.35", bytes({0x30, 3, 0x81, 1, 1})},        // not a field of an AuthorityKeyIdentifier
      {"2.5.29.35", bytes({0x30, 2, 0x80, 1})},           // cut short
      {"2.5.29.31", bytes({0x30, 2, 0x31, 0})},           // not a distribution point
      {"2.5.29.31", bytes({0x30, 4, 0x30, 2, 0xa0, 9})},  // cut short
  };
  for (const auto& [dotted, value] : bad) {
    const FakeOptions options = {.no_key_ids = true, .extensions = {{oid(dotted), value}}};
    EXPECT_FALSE(Certificate::parse(root.issue_der("L", options, false))) << dotted << ' ' << to_hex(value);
  }
  const std::pair<std::string_view, Bytes> good[] = {
      {"2.5.29.19", bytes({0x30, 0})},
      {"2.5.29.19", bytes({0x30, 3, 1, 1, 0})},  // the default, written out
      {"2.5.29.31", bytes({0x30, 0})},
      {"2.5.29.35", bytes({0x30, 0})},
  };
  for (const auto& [dotted, value] : good) {
    const FakeOptions options = {.no_key_ids = true, .extensions = {{oid(dotted), value}}};
    const auto parsed = Certificate::parse(root.issue_der("L", options, false));
    EXPECT_TRUE(parsed) << dotted << message_of(parsed);
  }
}

TEST(Certificate, ListsCriticalExtensionsItDoesNotKnow) {
  FakeCa root = FakeCa::root("Root");
  const FakeIdentity leaf = root.issue("L", {.extensions = {{oid("1.2.3"), bytes({5, 0}), true},
                                                            {oid("1.2.4"), bytes({5, 0}), false},
                                                            {oid("2.5.29.30"), bytes({0x30, 0}), true}}});
  EXPECT_EQ(leaf.certificate.unknown_critical(), (std::vector<std::string>{"1.2.3", "2.5.29.30"}));
}

TEST(Certificate, RefusesSerialsAndPssParametersOutOfRange) {
  FakeCa root = FakeCa::root("Root");
  EXPECT_TRUE(Certificate::parse(root.issue_der("L", {.serial = Bytes(20, std::byte{0xff})}, false)));
  EXPECT_FALSE(Certificate::parse(root.issue_der("L", {.serial = Bytes(21, std::byte{1})}, false)));
  EXPECT_TRUE(Certificate::parse(root.issue_der("L", {.serial = Bytes{}}, false)));  // AMD's chips have it

  FakeCa rsa = FakeCa::root("Rsa", {.key = KeyType::kRsa});
  Bytes whole = rsa.issue_der("L", {}, false);
  const Bytes salt = bytes({0xa2, 3, 2, 1, 48});
  ASSERT_TRUE(Certificate::parse(whole));
  for (auto found = std::ranges::search(whole, salt); !found.empty(); found = std::ranges::search(whole, salt)) {
    *(found.end() - 1) = std::byte{20};
  }
  EXPECT_NE(message_of(Certificate::parse(whole)).find("salt"), std::string::npos);
}

// TPM keys' certificates have an empty subject and its name here, critical (RFC 5280, 4.2.1.6).
TEST(Certificate, CriticalAlternativeNamesRestrictNothing) {
  FakeCa root = FakeCa::root("Root");
  const FakeIdentity leaf = root.issue("Leaf", {.extensions = {{oid("2.5.29.17"), parse_hex("3000").value(), true}}});
  EXPECT_TRUE(leaf.certificate.unknown_critical().empty());
}

TEST(Certificate, RefusesEveryTruncationAndSurvivesEveryFlip) {
  for (const KeyType type : {KeyType::kP256, KeyType::kRsa}) {
    FakeCa root = FakeCa::root("Root", {.key = type});
    const Bytes der = root.issue_der("Leaf", {.crl_urls = {"http://a"}}, true);
    for (std::size_t i = 0; i < der.size(); ++i) EXPECT_FALSE(Certificate::parse(BytesView(der).first(i))) << i;
    Bytes longer = der;
    longer.push_back(std::byte{0});
    EXPECT_FALSE(Certificate::parse(longer));
    for (std::size_t i = 0; i < der.size(); i += type == KeyType::kP256 ? 1 : 7) {
      for (unsigned bit = 0; bit < 8; ++bit) {
        Bytes flipped = der;
        flipped[i] ^= static_cast<std::byte>(1U << bit);
        const Result<Certificate> parsed = Certificate::parse(flipped);
        if (!parsed) continue;
        EXPECT_FALSE(parsed->verify_signature(root.key().verifying_key())) << i << ' ' << bit;
      }
    }
  }
}

TEST(RevocationList, SaysWhatIsInIt) {
  FakeCa root = FakeCa::root("Root");
  const RevocationList list =
      root.revoke({{bytes({9}), 1000, 1}, {bytes({1, 0}), 2000}}, {.this_update = 5, .next_update = std::nullopt});
  EXPECT_EQ(list.issuer(), root.certificate().subject());
  EXPECT_EQ(list.this_update(), 5);
  EXPECT_FALSE(list.next_update());
  EXPECT_EQ(to_bytes(list.number().value()), bytes({1}));
  EXPECT_EQ(to_bytes(list.authority_key_id().value()), to_bytes(root.certificate().subject_key_id().value()));
  EXPECT_EQ(list.size(), 2U);
  EXPECT_EQ(list.find(bytes({9}))->date, 1000);
  EXPECT_EQ(list.find(bytes({9}))->reason, 1U);
  EXPECT_EQ(list.find(bytes({0, 1, 0}))->date, 2000);
  EXPECT_FALSE(list.find(bytes({1, 0}))->reason);
  EXPECT_FALSE(list.find(bytes({1})));
  EXPECT_TRUE(list.verify_signature(root.key().verifying_key()));
  EXPECT_FALSE(list.verify_signature(testing::fake_key(KeyType::kP256, 1).verifying_key()));
}

TEST(RevocationList, RefusesWhatCoversOnlyAPart) {
  const FakeCa root = FakeCa::root("Root");
  const auto with = [&](std::string_view dotted, Bytes value, bool critical) {
    return RevocationList::parse(root.revoke_der({}, {.extensions = {{oid(dotted), std::move(value), critical}}}));
  };
  EXPECT_FALSE(with("2.5.29.27", bytes({2, 1, 1}), true));                    // a delta list
  EXPECT_FALSE(with("2.5.29.28", bytes({0x30, 3, 0x84, 1, 0xff}), true));     // indirect
  EXPECT_FALSE(with("2.5.29.28", bytes({0x30, 3, 0x81, 1, 0xff}), true));     // user certificates only
  EXPECT_FALSE(with("2.5.29.28", bytes({0x30, 4, 0x83, 2, 6, 0x40}), true));  // some reasons only
  EXPECT_TRUE(with("2.5.29.28", bytes({0x30, 4, 0xa0, 2, 0xa0, 0}), true));   // all, from this place
  EXPECT_FALSE(with("1.2.3", bytes({5, 0}), true));
  EXPECT_TRUE(with("1.2.3", bytes({5, 0}), false));
}

TEST(RevocationList, RefusesEveryTruncationAndSurvivesEveryFlip) {
  const FakeCa root = FakeCa::root("Root");
  const Bytes der = root.revoke_der({{bytes({9}), 1000, 1}, {bytes({1, 0}), 2000}});
  for (std::size_t i = 0; i < der.size(); ++i) EXPECT_FALSE(RevocationList::parse(BytesView(der).first(i))) << i;
  for (std::size_t i = 0; i < der.size(); ++i) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      Bytes flipped = der;
      flipped[i] ^= static_cast<std::byte>(1U << bit);
      const Result<RevocationList> parsed = RevocationList::parse(flipped);
      if (!parsed) continue;
      EXPECT_FALSE(parsed->verify_signature(root.key().verifying_key()));
    }
  }
  EXPECT_FALSE(RevocationList::parse(root.certificate().der()));
  EXPECT_FALSE(Certificate::parse(der));
}

TEST(DistinguishedName, IsReadableWhateverIsInIt) {
  const auto text_of = [](der::Tag tag, const Bytes& value, std::string_view arcs = "2.5.4.3") {
    FakeCa root = FakeCa::root("Root");
    der::Writer name;
    name.nested(der::kSequence, [&] {
      name.nested(der::kSet, [&] {
        name.nested(der::kSequence, [&] {
          name.element(der::kObjectIdentifier, oid(arcs));
          name.element(tag, value);
        });
      });
    });
    const auto parsed = Certificate::parse(root.issue_der("L", {.issuer_name = name.bytes()}, false));
    return parsed ? parsed->issuer().text : parsed.error().message;
  };
  EXPECT_EQ(text_of(der::kUtf8String, to_bytes(" #a,b+\"c\\<>; ")), "CN=\\ #a\\,b\\+\\\"c\\\\\\<\\>\\;\\ ");
  EXPECT_EQ(text_of(der::kPrintableString, to_bytes("#1")), "CN=\\#1");
  EXPECT_EQ(text_of(der::kUtf8String, bytes({0x1b, '[', '2', 'J', 0})), "CN=\\1b[2J\\00");
  EXPECT_EQ(text_of(der::kUtf8String, bytes({0xff})), "CN=#0c01ff");
  EXPECT_EQ(text_of(der::kBmpString, bytes({0x20, 0xac, 0, 'x'})), "CN=\u20acx");
  EXPECT_EQ(text_of(der::kBmpString, bytes({0xd8, 0})), "CN=#1e02d800");  // half a surrogate pair
  EXPECT_EQ(text_of(der::kT61String, bytes({0xe9})), "CN=\u00e9");
  EXPECT_EQ(text_of(der::kInteger, bytes({5})), "CN=#020105");
  EXPECT_EQ(text_of(der::kUtf8String, to_bytes("v"), "1.2.3"), "1.2.3=v");
}

TEST(Pem, IsReadWhateverStandsBetween) {
  const Bytes a = bytes({1, 2, 3}), b = Bytes(100, std::byte{7});
  const std::string text = "Subject: x\r\n" + to_pem("CERTIFICATE", a) + "junk\n" + to_pem("X509 CRL", b) + "tail";
  const auto blocks = parse_pem_blocks(text).value();
  ASSERT_EQ(blocks.size(), 2U);
  EXPECT_EQ(blocks[0].label, "CERTIFICATE");
  EXPECT_EQ(blocks[0].der, a);
  EXPECT_EQ(blocks[1].der, b);
  EXPECT_TRUE(parse_pem_blocks("").value().empty());
  EXPECT_TRUE(parse_pem_blocks("no block").value().empty());
  EXPECT_EQ(parse_pem_blocks("-----BEGIN A-----AQID-----END A-----").value()[0].der, a);
  for (const std::string_view bad :
       {"-----BEGIN A-----AQID", "-----BEGIN A-----AQID-----END B-----", "-----BEGIN A-----AQ-----END A-----",
        "-----BEGIN A-----A*ID-----END A-----", "-----BEGIN ", "-----BEGIN A\nB-----AQID-----END A\nB-----",
        "-----BEGIN A-----AQID-----BEGIN A-----AQID-----END A-----"}) {
    EXPECT_EQ(parse_pem_blocks(bad).error().code, ErrorCode::kInvalid) << bad;
  }
  std::string many;
  for (int i = 0; i < 65; ++i) many += to_pem("A", a);
  EXPECT_FALSE(parse_pem_blocks(many));
  EXPECT_TRUE(parse_pem_blocks(many, 65));
}

}  // namespace
}  // namespace adyton
