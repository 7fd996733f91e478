// SPDX-License-Identifier: Apache-2.0
#include "crypto/x509.h"

#include <algorithm>

#include "base/error.h"
#include "crypto/x509_parts.h"

namespace adyton {

using x509::Extension;
using x509::ExtensionId;

// Views point into `der`, whose storage never moves.
struct Certificate::Fields {
  Bytes der;
  std::optional<x509::Signed> outer;  // always there once parsed
  BytesView serial;
  DistinguishedName issuer, subject;
  std::int64_t not_before = 0, not_after = 0;
  std::optional<VerifyingKey> key;  // always there once parsed
  std::vector<Extension> extensions;
  std::optional<BasicConstraints> basic_constraints;
  std::optional<std::uint16_t> key_usage;  // bit n of RFC 5280 is 1 << n
  std::optional<BytesView> subject_key_id, authority_key_id;
  std::vector<std::string> crl_urls, unknown_critical;
};

namespace {

constexpr std::size_t kMaxCertificateBytes = 256 << 10;

using Fields = Certificate::Fields;

// RFC 5280, 4.2.1.9.
Result<Certificate::BasicConstraints> parse_basic_constraints(BytesView value) {
  der::Reader outer(value);
  der::Reader reader = TRY(outer.enter(der::kSequence, "basic constraints"));
  TRY(outer.end("basic constraints"));
  Certificate::BasicConstraints out;
  if (reader.next_is(der::kBoolean)) out.ca = TRY(reader.boolean("cA"));
  if (!reader.at_end()) out.path_length = TRY(reader.small_integer("path length"));
  TRY(reader.end("basic constraints"));
  if (out.path_length && !out.ca) return invalid("a path length for what is no certificate authority");
  return out;
}

// RFC 5280, 4.2.1.3.
Result<std::uint16_t> parse_key_usage(BytesView value) {
  der::Reader reader(value);
  const der::BitString bits = TRY(reader.bit_string("key usage"));
  TRY(reader.end("key usage"));
  if (bits.bytes.size() > 2) return invalid("a key usage of {} bytes", bits.bytes.size());
  std::uint16_t out = 0;
  for (unsigned bit = 0; bit < bits.bytes.size() * 8; ++bit) {
    const bool set = (std::to_integer<unsigned>(bits.bytes[bit / 8]) >> (7 - bit % 8) & 1) != 0;
    if (set) out = static_cast<std::uint16_t>(out | 1u << bit);
  }
  return out;
}

Result<void> interpret(const Extension& extension, Fields& out) {
  if (extension.is(ExtensionId::kBasicConstraints)) {
    out.basic_constraints = TRY(parse_basic_constraints(extension.value));
  } else if (extension.is(ExtensionId::kKeyUsage)) {
    out.key_usage = TRY(parse_key_usage(extension.value));
  } else if (extension.is(ExtensionId::kSubjectKeyId)) {
    out.subject_key_id = TRY(x509::parse_key_id(extension.value));
  } else if (extension.is(ExtensionId::kAuthorityKeyId)) {
    out.authority_key_id = TRY(x509::parse_authority_key_id(extension.value));
  } else if (extension.is(ExtensionId::kCrlDistributionPoints)) {
    out.crl_urls = TRY(x509::parse_distribution_points(extension.value));
  } else if (extension.is(ExtensionId::kSubjectAltName)) {
    // More names of the subject, which restrict nothing; critical where the subject is empty (RFC 5280, 4.2.1.6), as in
    // the certificates of TPMs' keys. (Name constraints are not understood, and so refused.)
  } else if (extension.critical) {
    out.unknown_critical.push_back(der::object_identifier_text(extension.oid));
  }
  return {};
}

Result<void> read_validity(der::Reader& tbs, Fields& out) {
  der::Reader validity = TRY(tbs.enter(der::kSequence, "validity"));
  out.not_before = TRY(validity.time("notBefore"));
  out.not_after = TRY(validity.time("notAfter"));
  return validity.end("validity");
}

// RFC 5280, 4.1: version 1 has no extensions; 2 (which nobody issues) could have unique identifiers, and 3 both.
Result<unsigned> read_version(der::Reader& tbs) {
  if (!tbs.next_is(der::context_constructed(0))) return 1U;
  der::Reader explicit_version = TRY(tbs.enter(der::context_constructed(0), "version"));
  const std::uint64_t version = TRY(explicit_version.small_integer("version"));
  TRY(explicit_version.end("version"));
  if (version != 1 && version != 2) return invalid("version {} of X.509", version + 1);
  return static_cast<unsigned>(version + 1);
}

Result<void> read_rest(der::Reader& tbs, unsigned version, Fields& out) {
  if (version > 1) {
    for (const unsigned unique_id : {1U, 2U}) {
      if (tbs.next_is(der::context(unique_id))) TRY(tbs.any("unique identifier"));
    }
  }
  if (version == 3 && tbs.next_is(der::context_constructed(3))) {
    der::Reader wrapped = TRY(tbs.enter(der::context_constructed(3), "extensions"));
    out.extensions = TRY(x509::read_extensions(wrapped));
    TRY(wrapped.end("extensions"));
  }
  TRY(tbs.end("signed part"));
  for (const Extension& extension : out.extensions) TRY(interpret(extension, out));
  return {};
}

Result<std::shared_ptr<const Fields>> parse_fields(BytesView der) {
  if (der.size() > kMaxCertificateBytes) return invalid("{} bytes", der.size());
  const auto fields = std::make_shared<Fields>();
  Fields& out = *fields;
  out.der = to_bytes(der);
  out.outer = TRY(x509::read_signed(out.der, "certificate"));
  der::Reader whole(out.outer->tbs);
  der::Reader tbs = TRY(whole.enter(der::kSequence, "signed part"));
  const unsigned version = TRY(read_version(tbs));
  out.serial = TRY(x509::read_serial(tbs));
  TRY(x509::read_same_algorithm(tbs, *out.outer));
  out.issuer = TRY(x509::read_name(tbs, "issuer"));
  TRY(read_validity(tbs, out));
  out.subject = TRY(x509::read_name(tbs, "subject"));
  out.key = TRY(VerifyingKey::parse_spki(TRY(tbs.element(der::kSequence, "public key")).whole));
  TRY(read_rest(tbs, version, out));
  return fields;
}

}  // namespace

Result<Certificate> Certificate::parse(BytesView der) {
  auto fields = parse_fields(der);
  if (!fields) return std::move(fields).error().within("not a certificate");
  return Certificate(std::move(*fields));
}

BytesView Certificate::der() const { return fields_->der; }
BytesView Certificate::tbs() const { return fields_->outer->tbs; }
SignatureAlgorithm Certificate::signature_algorithm() const { return fields_->outer->message.algorithm(); }
BytesView Certificate::signature() const { return fields_->outer->message.signature(); }
const DistinguishedName& Certificate::issuer() const { return fields_->issuer; }
const DistinguishedName& Certificate::subject() const { return fields_->subject; }
BytesView Certificate::serial() const { return fields_->serial; }
std::int64_t Certificate::not_before() const { return fields_->not_before; }
std::int64_t Certificate::not_after() const { return fields_->not_after; }
const VerifyingKey& Certificate::key() const { return *fields_->key; }
bool Certificate::self_issued() const { return fields_->issuer == fields_->subject; }

const std::optional<Certificate::BasicConstraints>& Certificate::basic_constraints() const {
  return fields_->basic_constraints;
}

bool Certificate::may(KeyUsage usage) const {
  return !fields_->key_usage || (*fields_->key_usage >> static_cast<unsigned>(usage) & 1) != 0;
}

std::optional<BytesView> Certificate::subject_key_id() const { return fields_->subject_key_id; }
std::optional<BytesView> Certificate::authority_key_id() const { return fields_->authority_key_id; }
const std::vector<std::string>& Certificate::crl_urls() const { return fields_->crl_urls; }
const std::vector<std::string>& Certificate::unknown_critical() const { return fields_->unknown_critical; }

std::optional<BytesView> Certificate::extension(BytesView oid) const {
  const auto same = [&](const Extension& extension) { return std::ranges::equal(extension.oid, oid); };
  const auto found = std::ranges::find_if(fields_->extensions, same);
  if (found == fields_->extensions.end()) return std::nullopt;
  return found->value;
}

Result<void> Certificate::verify_signature(const VerifyingKey& issuer_key, SeenSignatures* seen) const {
  return issuer_key.verify(fields_->outer->message, seen);
}

}  // namespace adyton
