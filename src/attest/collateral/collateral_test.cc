// SPDX-License-Identifier: Apache-2.0
#include "attest/collateral/collateral.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "attest/collateral/bundle.h"
#include "attest/collateral/certificate_table.h"
#include "attest/collateral/json_web_keys.h"
#include "attest/json.h"
#include "base/base64.h"
#include "base/cursor.h"
#include "testing/fake_pki.h"

namespace adyton {
namespace {

using testing::FakeCa;

struct Counts {
  std::size_t certificates = 0, lists = 0, keys = 0, documents = 0;
  bool operator==(const Counts&) const = default;
};

Counts counts(const Collateral& c) {
  return {c.certificates().size(), c.lists().size(), c.keys().size(), c.documents().size()};
}

std::string base64url(BytesView bytes) {
  std::string out = to_base64(bytes);
  std::ranges::replace(out, '+', '-');
  std::ranges::replace(out, '/', '_');
  while (out.ends_with('=')) out.pop_back();
  return out;
}

std::string url_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == ' ' ? "%20" : c == '\n' ? "%0A" : c == '+' ? "%2B" : std::string(1, c);
  return out;
}

// A table as a hypervisor fills it; the GUIDs' fields little-endian if `mixed`.
Bytes table(const std::vector<std::pair<std::string, Bytes>>& entries, bool mixed) {
  Bytes out;
  std::uint32_t offset = static_cast<std::uint32_t>(24 * (entries.size() + 1));
  for (const auto& [guid, bytes] : entries) {
    std::string digits;
    for (const char c : guid) digits += c == '-' ? "" : std::string(1, c);
    Bytes raw = parse_hex(digits).value();
    if (mixed) {
      std::reverse(raw.begin(), raw.begin() + 4);
      std::reverse(raw.begin() + 4, raw.begin() + 6);
      std::reverse(raw.begin() + 6, raw.begin() + 8);
    }
    append(out, raw);
    append_le(out, offset);
    append_le(out, static_cast<std::uint32_t>(bytes.size()));
    offset += static_cast<std::uint32_t>(bytes.size());
  }
  out.resize(out.size() + 24);
  for (const auto& [guid, bytes] : entries) append(out, bytes);
  out.resize((out.size() + 4095) / 4096 * 4096);  // whole pages
  return out;
}

constexpr const char* kVcekGuid = "63da758d-e664-4564-adc5-f4b93be8accd";
constexpr const char* kAskGuid = "4ab7b379-bbac-4fe4-a02f-05aef327c782";

struct Made {
  FakeCa root = FakeCa::root("Root");
  FakeCa middle = root.issue_ca("Middle");
  RevocationList list = root.revoke({});
  BytesView spki = root.key().verifying_key().spki();
};

TEST(Collateral, TakesWhateverItIsGiven) {
  const Made made;
  const std::string root = to_pem("CERTIFICATE", made.root.certificate().der());
  const std::string middle = to_pem("CERTIFICATE", made.middle.certificate().der());
  const std::string list = to_pem("X509 CRL", made.list.der()), key = to_pem("PUBLIC KEY", made.spki);
  const std::pair<Bytes, Counts> cases[] = {
      {to_bytes(made.root.certificate().der()), {1, 0, 0, 0}},
      {to_bytes(made.list.der()), {0, 1, 0, 0}},
      {to_bytes(made.spki), {0, 0, 1, 0}},
      {to_bytes(" \r\n" + root + "text" + list + key + middle), {2, 1, 1, 0}},
      {to_bytes(url_encoded(middle + root)), {2, 0, 0, 0}},
      {to_bytes(to_hex(made.list.der()) + "\n"), {0, 1, 0, 0}},
      {to_bytes(root + root), {1, 0, 0, 0}},
      {table({{kVcekGuid, to_bytes(made.middle.certificate().der())},
              {kAskGuid, to_bytes(made.root.certificate().der())}},
             false),
       {2, 0, 0, 0}},
      {table({{kVcekGuid, to_bytes(made.middle.certificate().der())}}, true), {1, 0, 0, 0}},
      {table({{kVcekGuid, {}}, {"00112233-4455-6677-8899-aabbccddeeff", to_bytes("x")}}, false), {0, 0, 0, 2}},
      {pack_bundle({{"a.pem", to_bytes(root + list)},
                    {"b.der", to_bytes(made.middle.certificate().der())},
                    {"log", to_bytes("an event log")}})
           .value(),
       {2, 1, 0, 1}},
  };
  for (const auto& [bytes, expected] : cases) {
    Collateral collateral;
    const Result<void> added = collateral.add("file", bytes);
    EXPECT_TRUE(added) << added.error().message;
    EXPECT_EQ(counts(collateral), expected) << as_text(bytes).substr(0, 60);
  }
}

TEST(Collateral, SaysWhatItCannotTake) {
  const Made made;
  const std::string root = to_pem("CERTIFICATE", made.root.certificate().der());
  const std::pair<Bytes, std::string_view> cases[] = {
      {{}, "empty"},
      {to_bytes("hello"), "no collateral"},
      {to_bytes("{}"), "no collateral"},
      {to_bytes("{\"a\":1,\"a\":2}"), "twice"},
      {to_bytes("[}"), "not JSON"},
      {to_bytes(to_pem("PRIVATE KEY", Bytes(3))), "PRIVATE KEY"},
      {to_bytes(to_pem("CERTIFICATE", Bytes(3))), "not a certificate"},
      {to_bytes("-----BEGIN CERTIFICATE-----"), "does not end"},
      {to_bytes("-----BEGIN%20CERTIFICATE-----%2"), "percent"},
      {Bytes(100, std::byte{0x30}), "neither certificate"},
      {to_bytes("3031"), "neither certificate"},
      {to_bytes("303"), "no collateral"},
  };
  for (const auto& [bytes, text] : cases) {
    Collateral collateral;
    const Result<void> added = collateral.add("some file", bytes);
    ASSERT_FALSE(added) << text;
    EXPECT_EQ(added.error().code, ErrorCode::kInvalid);
    EXPECT_TRUE(added.error().message.starts_with("some file: ")) << added.error().message;
    EXPECT_NE(added.error().message.find(text), std::string::npos) << added.error().message;
  }
  // What could be read of a mixture stays.
  Collateral collateral;
  EXPECT_FALSE(collateral.add("f", as_bytes(to_pem("CERTIFICATE", Bytes(3)) + root)));
  EXPECT_EQ(collateral.certificates().size(), 1U);
}

TEST(CertificateTable, SurvivesEveryTruncationAndFlip) {
  const Made made;
  Bytes whole = table({{kVcekGuid, to_bytes(made.middle.certificate().der())}}, false);
  EXPECT_EQ(parse_certificate_table(whole).value()[0].guid, kVcekGuid);
  const std::size_t used = 48 + made.middle.certificate().der().size();
  for (std::size_t i = 0; i < used; ++i) EXPECT_FALSE(parse_certificate_table(BytesView(whole).first(i))) << i;
  EXPECT_TRUE(parse_certificate_table(BytesView(whole).first(used)));
  for (std::size_t i = 0; i < 48; ++i) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      Bytes flipped = whole;
      flipped[i] ^= static_cast<std::byte>(1U << bit);
      Collateral collateral;
      static_cast<void>(collateral.add("t", flipped));
      EXPECT_LE(collateral.certificates().size(), 1U);
    }
  }
  EXPECT_FALSE(looks_like_certificate_table(Bytes(4096)));
  EXPECT_FALSE(looks_like_certificate_table({}));
  EXPECT_FALSE(parse_certificate_table(Bytes(4096, std::byte{1})));
}

// Sixty entries that are all of the table would be sixty times its size once they are copied.
TEST(CertificateTable, EntriesShareNothing) {
  const auto with = [](std::uint32_t second_offset, std::uint32_t second_size) {
    Bytes whole = table({{kVcekGuid, Bytes(10, std::byte{1})}, {kAskGuid, Bytes(10, std::byte{2})}}, false);
    store_le(std::span(whole), 24 + 16, second_offset);
    store_le(std::span(whole), 24 + 20, second_size);
    return parse_certificate_table(whole).has_value();
  };
  EXPECT_TRUE(with(82, 10));
  EXPECT_TRUE(with(90, 10));    // a gap
  EXPECT_FALSE(with(81, 10));   // the first one's last byte
  EXPECT_FALSE(with(72, 10));   // the first one
  EXPECT_FALSE(with(71, 1));    // the table itself
  EXPECT_FALSE(with(0, 4096));  // everything
  EXPECT_TRUE(with(0, 0));      // nothing, wherever that is
  EXPECT_FALSE(with(0xffffffff, 2));
}

TEST(Bundle, HasOneEncoding) {
  const Bundle bundle = {{"b", to_bytes("2")}, {"a.pem", Bytes(1000)}, {"\u00fc", {}}};
  const Bytes packed = pack_bundle(bundle).value();
  EXPECT_TRUE(looks_like_bundle(packed));
  EXPECT_EQ(parse_bundle(packed).value(), bundle);
  EXPECT_EQ(parse_bundle(pack_bundle({}).value()).value(), Bundle());
  for (std::size_t i = 0; i < packed.size(); i += i < 32 ? 1 : 97) {
    EXPECT_FALSE(parse_bundle(BytesView(packed).first(i))) << i;
    for (unsigned bit = 0; bit < 8; ++bit) {
      Bytes flipped = packed;
      flipped[i] ^= static_cast<std::byte>(1U << bit);
      const Result<Bundle> parsed = parse_bundle(flipped);
      if (!parsed) continue;
      EXPECT_EQ(pack_bundle(*parsed).value(), flipped);
    }
  }
  EXPECT_FALSE(pack_bundle({{"", {}}}));
  EXPECT_FALSE(pack_bundle({{"\xff", {}}}));
  EXPECT_FALSE(pack_bundle({{std::string(2049, 'x'), {}}}));
  Collateral collateral;
  const Bytes twice = pack_bundle({{"inner", packed}}).value();
  EXPECT_NE(collateral.add("f", twice).error().message.find("within a bundle"), std::string::npos);
}

TEST(JsonWebKeys, AreReadFromSetsAndAlone) {
  const SigningKey p384 = testing::fake_key(KeyType::kP384);
  const BytesView point = p384.verifying_key().spki().last(96);
  const std::string ec = R"({"kty":"EC","crv":"P-384","kid":"one","x":")" + base64url(point.first(48)) + R"(","y":")" +
                         base64url(point.last(48)) + "\"}";
  FakeCa root = FakeCa::root("Root", {.key = KeyType::kRsa});
  const std::string x5c = R"("x5c":[")" + to_base64(root.certificate().der()) + "\"]";
  const std::string rsa = R"({"kty":"RSA","kid":"two",)" + x5c + "}";
  const std::string other = R"({"kty":"oct","k":"AAAA"},{"kty":"EC","crv":"secp256k1","x":"AA","y":"AA"})";
  Collateral collateral;
  const Result<void> added = collateral.add("jwks", as_bytes("{\"keys\":[" + ec + "," + other + "," + rsa + "]}"));
  ASSERT_TRUE(added) << added.error().message;
  EXPECT_EQ(counts(collateral), (Counts{1, 0, 2, 0}));
  EXPECT_EQ(collateral.keys()[0].name, "one");
  EXPECT_EQ(to_bytes(collateral.keys()[0].key.spki()), to_bytes(p384.verifying_key().spki()));
  EXPECT_EQ(to_bytes(collateral.keys()[1].key.spki()), to_bytes(root.certificate().key().spki()));
  EXPECT_TRUE(collateral.add("jwk", as_bytes(ec)));
  EXPECT_EQ(collateral.keys().size(), 3U);

  const std::string n = "\"n\":\"" + base64url(Bytes(256, std::byte{0xff})) + "\",\"e\":\"AQAB\"";
  EXPECT_EQ(parse_json_web_keys(parse_json("{\"kty\":\"RSA\"," + n + "}").value()).value().keys.size(), 1U);
  for (const std::string& bad : {
           "{\"kty\":\"RSA\"," + n + "," + x5c + "}",                       // two keys
           std::string(R"({"kty":"RSA","n":"AA","e":"AQAB"})"),             // too small
           std::string(R"({"kty":"RSA","n":"AA=="})"),                      // padded, and without exponent
           std::string(R"({"kty":"EC","crv":"P-256","x":"AA","y":"AA"})"),  // not on the curve
           std::string(R"({"kty":"RSA","x5c":["AAAA"]})"),                  // not a certificate
           std::string(R"({"kty":"RSA","x5c":"AAAA"})"),                    // not a list
           std::string(R"({"keys":[{"n":"AA"}]})"),
           std::string(R"({"keys":3})"),
           std::string("[]"),
       }) {
    EXPECT_FALSE(parse_json_web_keys(parse_json(bad).value())) << bad;
  }
}

}  // namespace
}  // namespace adyton
