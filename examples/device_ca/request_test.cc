// SPDX-License-Identifier: Apache-2.0
#include "request.h"

#include <gtest/gtest.h>
#include <openssl/asn1.h>
#include <openssl/ec.h>
#include <openssl/x509.h>

#include "device_ca_calls.h"
#include "pem.h"
#include "refuse.h"
#include "testing.h"

namespace device_ca {
namespace {

using testing::make_request;
using testing::RequestOptions;

std::string why(std::string_view pem) {
  const auto parsed = parse_request(pem);
  return parsed ? "accepted" : fmt::format("{}: {}", adyton::name_of(parsed.error().code), parsed.error().message);
}

// PEM of bytes that openssl would not write.
std::string pem_of(adyton::BytesView der) { return make_pem(der, "CERTIFICATE REQUEST"); }

adyton::Bytes der_of(std::string_view pem) { return parse_pem(pem, "CERTIFICATE REQUEST").value(); }

void set_subject_value(X509_REQ* request, int type, std::string_view value) {
  X509_NAME* name = X509_REQ_get_subject_name(request);
  const std::vector<unsigned char> bytes(value.begin(), value.end());
  X509_NAME_add_entry_by_NID(name, NID_commonName, type, bytes.data(), static_cast<int>(bytes.size()), -1, 0);
}

TEST(Request, AcceptsWhatItShould) {
  const RequestOptions accepted[] = {
      {},
      {.key = "P-384"},
      {.key = "P-384", .digest = "SHA512"},
      {.key = "Ed25519"},
      {.key = "RSA2048"},
      {.key = "RSA3072", .digest = "SHA384"},
      {.subject = "/C=DE/ST=Berlin/L=Berlin/O=Ex+ample/OU=a/CN=b/emailAddress=a@example.org"},
      {.extensions = {{"basicConstraints", "critical,CA:FALSE"}}},
      {.extensions = {{"keyUsage", "critical,digitalSignature,keyEncipherment"},
                      {"extendedKeyUsage", "critical,codeSigning"}}},
      {.extensions = {{"subjectAltName",
                       "DNS:a.example.org,DNS:*.example.org,IP:10.0.0.1,IP:::1,email:a@b.c,URI:urn:x"}}},
      {.extensions = {{"1.2.3.4", "ASN1:UTF8String:not critical"}}},
      {.change =
           [](X509_REQ* r, EVP_PKEY*) {
             const unsigned char secret[] = {115, 49};
             X509_REQ_add1_attr_by_NID(r, NID_pkcs9_challengePassword, MBSTRING_ASC, secret, sizeof secret);
           }},
  };
  for (const RequestOptions& options : accepted) {
    const std::string pem = make_request(options);
    EXPECT_EQ(why(pem), "accepted") << options.key << " " << options.subject;
    EXPECT_EQ(why("Certificate Request:\n    Data: ...\n" + pem + "\n \n"), "accepted") << "with text around it";
  }
}

TEST(Request, ReadsWhatTheCaNeeds) {
  const auto parsed = parse_request(make_request({.subject = "/C=DE/O=Exa, mple/CN=device",
                                                  .extensions = {{"subjectAltName", "IP:10.0.0.1,email:a@b.c"}}}))
                          .value();
  EXPECT_EQ(parsed.subject.text, "C=DE,O=Exa\\, mple,CN=device");
  EXPECT_EQ(parsed.alternative_names.size(), 2u);
  EXPECT_TRUE(parsed.names_a_server);
  EXPECT_EQ(parsed.key.bits.size(), 65u);
  EXPECT_FALSE(parse_request(make_request({.extensions = {{"subjectAltName", "email:a@b.c"}}})).value().names_a_server);
}

struct Refusal {
  std::string_view why;
  RequestOptions options;
};

TEST(Request, RefusesWithTheReason) {
  const auto add_value = [](int type, std::string_view value) {
    return [=](X509_REQ* request, EVP_PKEY*) { set_subject_value(request, type, value); };
  };
  const Refusal refusals[] = {
      {"denied: weak key: RSA with 1024 bits; 2048 are the least", {.key = "RSA1024"}},
      {"denied: a key on the curve 1.3.132.0.10: use P-256 or P-384", {.key = "secp256k1"}},
      {"denied: a key on the curve 1.3.132.0.35: use P-256 or P-384", {.key = "P-521"}},
      {"denied: a key on the curve 1.2.840.10045.3.1.1: use P-256 or P-384", {.key = "prime192v1"}},
      {"denied: signed with algorithm 1.3.101.113: use ECDSA or RSA with SHA-256, or Ed25519", {.key = "Ed448"}},
      {"denied: an elliptic curve given by its parameters: use a named curve, P-256 or P-384",
       {.change =
            [](X509_REQ* request, EVP_PKEY* key) {
              EVP_PKEY_set_utf8_string_param(key, "encoding", "explicit");
              X509_REQ_set_pubkey(request, key);
            }}},
      {"invalid: public key: not an uncompressed point of its curve",
       {.change =
            [](X509_REQ* request, EVP_PKEY* key) {
              EVP_PKEY_set_utf8_string_param(key, "point-format", "compressed");
              X509_REQ_set_pubkey(request, key);
            }}},
      {"denied: weak signature: made with SHA-1; use SHA-256 or better", {.digest = "SHA1"}},
      {"denied: weak signature: made with SHA-1; use SHA-256 or better", {.key = "RSA2048", .digest = "SHA1"}},
      {"denied: weak signature: made with MD5; use SHA-256 or better", {.key = "RSA2048", .digest = "MD5"}},
      {"denied: signed with algorithm 1.2.840.10045.4.3.1: use ECDSA or RSA with SHA-256, or Ed25519",
       {.digest = "SHA224"}},
      {"denied: subject: empty; a device needs a name", {.subject = ""}},
      {"denied: asks to be a CA (basicConstraints CA:TRUE): only devices are enrolled here",
       {.extensions = {{"basicConstraints", "CA:TRUE"}}}},
      {"denied: asks to be a CA (basicConstraints CA:TRUE): only devices are enrolled here",
       {.extensions = {{"basicConstraints", "critical,CA:TRUE,pathlen:0"}}}},
      {"denied: asks to sign certificates or revocation lists (keyUsage): only devices are enrolled here",
       {.extensions = {{"keyUsage", "digitalSignature,keyCertSign"}}}},
      {"denied: asks to sign certificates or revocation lists (keyUsage): only devices are enrolled here",
       {.extensions = {{"keyUsage", "cRLSign"}}}},
      {"denied: asks for a critical extension that is not issued (1.2.3.4)",
       {.extensions = {{"1.2.3.4", "critical,ASN1:UTF8String:important"}}}},
      {"invalid: extension 2.5.29.19 twice",
       {.extensions = {{"basicConstraints", "CA:FALSE"}, {"basicConstraints", "CA:FALSE"}}}},
      {"denied: asks for an alternative name of kind [0]: DNS, IP, email and URI are issued",
       {.extensions = {{"subjectAltName", "otherName:1.2.3.4;UTF8:x"}}}},
      {"denied: asks for an alternative name of kind [8]: DNS, IP, email and URI are issued",
       {.extensions = {{"subjectAltName", "RID:1.2.3.4"}}}},
      {"invalid: subject alternative name: malformed", {.extensions = {{"subjectAltName", "DNS:a b"}}}},
      {"invalid: subject alternative name: malformed", {.extensions = {{"subjectAltName", "DNS:a..b"}}}},
      {"invalid: subject alternative name: malformed", {.extensions = {{"subjectAltName", "email:nobody"}}}},
      {"invalid: subject alternative name: malformed", {.extensions = {{"subjectAltName", "URI:no scheme"}}}},
      {"denied: subject: uses TeletexString, BMPString or UniversalString: use UTF8String",
       {.change = add_value(V_ASN1_BMPSTRING, std::string_view("\0a\0b", 4))}},
      {"denied: subject: uses TeletexString, BMPString or UniversalString: use UTF8String",
       {.change = add_value(V_ASN1_T61STRING, "ab")}},
      {"invalid: subject: not UTF-8 text without control characters",
       {.change = add_value(V_ASN1_UTF8STRING, std::string_view("a.example\0.evil.example", 23))}},
      {"invalid: subject: not UTF-8 text without control characters", {.change = add_value(V_ASN1_UTF8STRING, "a\nb")}},
      {"invalid: subject: a character that PrintableString does not have",
       {.change = add_value(V_ASN1_PRINTABLESTRING, "a@b")}},
      {"invalid: subject: a character that IA5String does not have",
       {.change = add_value(V_ASN1_IA5STRING, "\xc3\xa4")}},
      {"invalid: version: 1 is not a version of PKCS#10 requests",
       {.change = [](X509_REQ* request, EVP_PKEY*) { X509_REQ_set_version(request, 1); }}},
      {"denied: a key of kind 1.3.101.110: use RSA, P-256, P-384 or Ed25519",
       {.change =
            [](X509_REQ* request, EVP_PKEY*) {
              EVP_PKEY* other = testing::make_test_key("X25519");
              X509_REQ_set_pubkey(request, other);
              EVP_PKEY_free(other);
            }}},
      {"untrusted: bad signature: the request was not signed with its own key, or was altered",
       {.change =
            [](X509_REQ* request, EVP_PKEY*) {
              EVP_PKEY* other = testing::make_test_key("P-256");
              X509_REQ_set_pubkey(request, other);
              EVP_PKEY_free(other);
            }}},
      {"untrusted: bad signature: its algorithm is not one for this key",
       {.change =
            [](X509_REQ* request, EVP_PKEY*) {
              EVP_PKEY* other = testing::make_test_key("RSA2048");
              X509_REQ_set_pubkey(request, other);
              EVP_PKEY_free(other);
            }}},
  };
  for (const Refusal& refusal : refusals) {
    SCOPED_TRACE(refusal.why);
    std::string pem;
    ASSERT_NO_THROW(pem = make_request(refusal.options));
    EXPECT_EQ(why(pem), refusal.why);
  }
}

TEST(Request, RefusesUnsafeRsaNumbers) {
  const std::string good = make_request({.key = "RSA2048"});
  const adyton::Bytes der = der_of(good);
  const adyton::Bytes exponent = adyton::parse_hex("0203010001").value();
  const auto place = std::ranges::search(der, exponent);
  ASSERT_FALSE(place.empty());
  const auto with = [&](std::string_view replacement) {
    adyton::Bytes out = der;
    std::ranges::copy(adyton::parse_hex(replacement).value(), out.begin() + (place.begin() - der.begin()));
    return why(pem_of(out));
  };
  EXPECT_TRUE(with("0203010000").starts_with("denied: weak key: an RSA public exponent"));
  EXPECT_TRUE(with("020300ffff").starts_with("denied: weak key: an RSA public exponent"));
  adyton::Bytes even = der;
  even[static_cast<std::size_t>(place.begin() - der.begin()) - 1] &= std::byte{0xfe};
  EXPECT_EQ(why(pem_of(even)), "denied: weak key: an even RSA modulus");
}

TEST(Request, RefusesWhatIsNoPointOfTheCurve) {
  adyton::Bytes der = der_of(make_request({}));
  const adyton::Bytes start = adyton::parse_hex("03420004").value();
  const auto place = std::ranges::search(der, start);
  ASSERT_FALSE(place.empty());
  der[static_cast<std::size_t>(place.begin() - der.begin()) + 10] ^= std::byte{1};
  EXPECT_EQ(why(pem_of(der)), "invalid: public key: not a point of its curve, or no key at all");
}

TEST(Request, RefusesWhatIsTooLarge) {
  const std::string pem = make_request({});
  EXPECT_EQ(why(std::string(kRequestBytes - pem.size(), '\n') + pem), "accepted");
  EXPECT_EQ(why(std::string(kRequestBytes - pem.size() + 1, '\n') + pem),
            "exhausted: too large: 16385 bytes; 16384 are the most");
}

TEST(Request, RefusesMalformedPem) {
  const std::string pem = make_request({});
  const auto replaced = [&](std::string_view what, std::string_view with) {
    std::string out = pem;
    return out.replace(out.find(what), what.size(), with);
  };
  const std::pair<std::string, std::string_view> cases[] = {
      {"", "invalid: PEM: no BEGIN CERTIFICATE REQUEST line"},
      {"not PEM at all", "invalid: PEM: no BEGIN CERTIFICATE REQUEST line"},
      {std::string(pem).insert(40, 1, '\0'), "invalid: PEM: a NUL byte, where only text may be"},
      {replaced("-----BEGIN CERTIFICATE REQUEST-----", "-----BEGIN CERTIFICATE-----"),
       "invalid: PEM: not a CERTIFICATE REQUEST"},
      {replaced("-----BEGIN CERTIFICATE REQUEST-----", "-----BEGIN CERTIFICATE REQUEST"),
       "invalid: PEM: a BEGIN line that does not end in dashes"},
      {replaced("-----END CERTIFICATE REQUEST-----", "-----END CERTIFICATE-----"),
       "invalid: PEM: the END line does not match the BEGIN line"},
      {replaced("-----END CERTIFICATE REQUEST-----\n", ""), "invalid: PEM: cut short, without an END line"},
      {pem + "garbage", "invalid: PEM: something follows the END line"},
      {pem + pem, "invalid: PEM: something follows the END line"},
      {std::string(pem).replace(60, 1, "!"), "invalid: PEM: a character that is not base64"},
      {std::string(pem).replace(60, 1, " "), "invalid: PEM: a character that is not base64"},
      {std::string(pem).erase(60, 1), "invalid: PEM: its base64 is cut short"},
      {"-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----\n",
       "invalid: PEM: its base64 is cut short"},
      {"-----BEGIN CERTIFICATE REQUEST-----\nMAB=\n-----END CERTIFICATE REQUEST-----\n",
       "invalid: PEM: base64 whose last bits are not zero"},
  };
  for (const auto& [text, reason] : cases) EXPECT_EQ(why(text), reason) << text.substr(0, 80);
  const std::string new_label = [&] {
    std::string out = pem;
    for (const std::string_view line : {"-----BEGIN ", "-----END "}) out.insert(out.find(line) + line.size(), "NEW ");
    return out;
  }();
  EXPECT_EQ(why(new_label), "accepted");
  std::string windows;
  for (const char c : pem) windows += c == '\n' ? "\r\n" : std::string(1, c);
  EXPECT_EQ(why(windows), "accepted");
}

TEST(Request, EveryTruncationAndEveryFlippedBitIsRefused) {
  for (const std::string key : {"P-256", "RSA2048", "Ed25519"}) {
    adyton::Bytes der = der_of(make_request({.key = key, .extensions = {{"subjectAltName", "DNS:a.example.org"}}}));
    for (std::size_t size = 0; size < der.size(); ++size) {
      EXPECT_FALSE(parse_request(pem_of(adyton::BytesView(der).first(size)))) << size;
    }
    for (std::size_t at = 0; at < der.size(); ++at) {
      der[at] ^= std::byte{1} << (at % 8);
      EXPECT_FALSE(parse_request(pem_of(der))) << key << " " << at;
      der[at] ^= std::byte{1} << (at % 8);
    }
    der.push_back(std::byte{0});
    EXPECT_EQ(why(pem_of(der)), "invalid: request: 1 bytes too many");
  }
}

TEST(Request, NamesAreEqualWhateverTheyAreWrittenLike) {
  const auto canonical = [](const RequestOptions& options) {
    return parse_request(make_request(options)).value().subject.canonical;
  };
  const auto name = canonical({.subject = "/O=Example Ltd/CN=Device 1"});
  EXPECT_EQ(canonical({.subject = "/O=EXAMPLE  LTD/CN= device 1 "}), name);
  EXPECT_EQ(canonical({.subject = "/O=Example Ltd/CN=Device 1", .string_type = V_ASN1_PRINTABLESTRING}), name);
  EXPECT_NE(canonical({.subject = "/CN=Device 1/O=Example Ltd"}), name);
  EXPECT_NE(canonical({.subject = "/O=Example Ltd/CN=Device 2"}), name);
  EXPECT_NE(canonical({.subject = "/O=ExampleLtd/CN=Device 1"}), name);
}

}  // namespace
}  // namespace device_ca
