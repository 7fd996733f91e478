// SPDX-License-Identifier: Apache-2.0
#include "request.h"

#include <algorithm>
#include <set>
#include <string>

#include "device_ca_calls.h"
#include "oids.h"
#include "pem.h"
#include "refuse.h"

namespace device_ca {
namespace {

namespace der = adyton::der;
using adyton::BytesView;

constexpr std::size_t kAlternativeNames = 64;
constexpr unsigned kKeyCertSign = 0x04, kCrlSign = 0x02;  // in the first byte of KeyUsage (RFC 5280, 4.2.1.3)

bool is_host_name(std::string_view text) {
  if (text.starts_with("*.")) text.remove_prefix(2);
  if (text.empty() || text.size() > 253 || text.front() == '.' || text.back() == '.') return false;
  return !text.contains("..") && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_';
  });
}

bool is_graphic_ascii(std::string_view text) {
  return !text.empty() && text.size() <= 1024 && std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}

// One GeneralName (RFC 5280, 4.2.1.6).
Result<void> read_alternative_name(der::Reader& names, CertificateRequest& out) {
  const der::Element name = TRY(names.any("subject alternative name"));
  const std::string_view text = adyton::as_text(name.contents);
  bool good = true;
  switch (name.tag) {
    case der::context(1):  // rfc822Name
      good = is_graphic_ascii(text) && std::ranges::count(text, '@') == 1 && text.front() != '@' && text.back() != '@';
      break;
    case der::context(2):  // dNSName
      good = is_host_name(text);
      out.names_a_server = true;
      break;
    case der::context(6):  // uniformResourceIdentifier
      good = is_graphic_ascii(text) && text.find(':') != std::string_view::npos && text.front() != ':';
      break;
    case der::context(7):  // iPAddress
      good = text.size() == 4 || text.size() == 16;
      out.names_a_server = true;
      break;
    default:
      return denied("asks for an alternative name of kind [{}]: DNS, IP, email and URI are issued", name.tag & 0x1f);
  }
  if (!good) return malformed("subject alternative name: malformed");
  out.alternative_names.push_back(name.whole);
  if (out.alternative_names.size() > kAlternativeNames) {
    return denied("asks for more than {} alternative names", kAlternativeNames);
  }
  return {};
}

Result<void> read_alternative_names(BytesView value, CertificateRequest& out) {
  der::Reader outer(value);
  der::Reader names = TRY(outer.enter(der::kSequence, "subject alternative name"));
  TRY(outer.end("subject alternative name"));
  if (names.at_end()) return malformed("subject alternative name: empty");
  while (!names.at_end()) TRY(read_alternative_name(names, out));
  return {};
}

Result<void> read_basic_constraints(BytesView value) {
  der::Reader outer(value);
  der::Reader reader = TRY(outer.enter(der::kSequence, "basic constraints"));
  const bool ca = reader.next_is(der::kBoolean) && TRY(reader.boolean("basic constraints"));
  if (ca) return denied("asks to be a CA (basicConstraints CA:TRUE): only devices are enrolled here");
  if (reader.next_is(der::kInteger)) TRY(reader.small_integer("basic constraints"));
  TRY(reader.end("basic constraints"));
  return outer.end("basic constraints");
}

Result<void> read_key_usage(BytesView value) {
  der::Reader outer(value);
  const der::BitString usage = TRY(outer.bit_string("key usage"));
  TRY(outer.end("key usage"));
  if (!usage.bytes.empty() && (std::to_integer<unsigned>(usage.bytes[0]) & (kKeyCertSign | kCrlSign)) != 0) {
    return denied("asks to sign certificates or revocation lists (keyUsage): only devices are enrolled here");
  }
  return {};
}

Result<void> read_extension(der::Reader& extensions, CertificateRequest& out, std::set<std::string>& seen) {
  der::Reader extension = TRY(extensions.enter(der::kSequence, "extension"));
  const BytesView type = TRY(extension.object_identifier("extension"));
  const bool critical = extension.next_is(der::kBoolean) && TRY(extension.boolean("extension"));
  const BytesView value = TRY(extension.contents(der::kOctetString, "extension"));
  TRY(extension.end("extension"));
  const std::string name = der::object_identifier_text(type);
  if (!seen.insert(name).second) return malformed("extension {} twice", name);
  if (same(type, oid::kSubjectAltName)) return read_alternative_names(value, out);
  if (same(type, oid::kBasicConstraints)) return read_basic_constraints(value);
  if (same(type, oid::kKeyUsage)) return read_key_usage(value);
  const bool answered = same(type, oid::kExtendedKeyUsage) || same(type, oid::kSubjectKeyIdentifier) ||
                        same(type, oid::kAuthorityKeyIdentifier);
  if (critical && !answered) return denied("asks for a critical extension that is not issued ({})", name);
  return {};
}

// Attributes (RFC 2986, 4.1): of those, only the extension request means something here.
Result<void> read_attributes(der::Reader attributes, CertificateRequest& out) {
  bool asked = false;
  while (!attributes.at_end()) {
    der::Reader attribute = TRY(attributes.enter(der::kSequence, "attribute"));
    const BytesView type = TRY(attribute.object_identifier("attribute"));
    der::Reader values = TRY(attribute.enter(der::kSet, "attribute"));
    TRY(attribute.end("attribute"));
    if (!same(type, oid::kExtensionRequest)) continue;
    if (asked) return malformed("two extension requests");
    asked = true;
    der::Reader extensions = TRY(values.enter(der::kSequence, "extension request"));
    TRY(values.end("extension request"));
    std::set<std::string> seen;
    while (!extensions.at_end()) TRY(read_extension(extensions, out, seen));
  }
  return {};
}

}  // namespace

Result<CertificateRequest> parse_request(std::string_view pem) {
  if (pem.size() > kRequestBytes) {
    return refuse(ErrorCode::kExhausted, "too large: {} bytes; {} are the most", pem.size(), kRequestBytes);
  }
  CertificateRequest out;
  out.der = TRY(parse_pem(pem, "CERTIFICATE REQUEST"));
  der::Reader outer(out.der);
  der::Reader request = TRY(outer.enter(der::kSequence, "request"));
  TRY(outer.end("request"));
  const der::Element info = TRY(request.element(der::kSequence, "request information"));
  const SignatureAlgorithm algorithm = TRY(read_signature_algorithm(request));
  const BytesView signature = TRY(request.octet_aligned_bits("signature"));
  TRY(request.end("request"));

  der::Reader reader(info.contents);
  const std::uint64_t version = TRY(reader.small_integer("version"));
  if (version != 0) return malformed("version: {} is not a version of PKCS#10 requests", version);
  out.subject = TRY(read_name(reader, "subject"));
  out.key = TRY(read_subject_key(reader));
  const der::Reader attributes = TRY(reader.enter(der::context_constructed(0), "attributes"));
  TRY(read_attributes(attributes, out));
  TRY(reader.end("request information"));
  TRY(verify_signature(out.key, algorithm, info.whole, signature));
  return out;
}

}  // namespace device_ca
