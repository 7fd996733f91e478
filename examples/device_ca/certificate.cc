// SPDX-License-Identifier: Apache-2.0
#include "certificate.h"

#include <bit>

#include <adyton/der.h>

#include "name.h"
#include "oids.h"
#include "refuse.h"

namespace device_ca {
namespace {

namespace der = adyton::der;
using adyton::Bytes;
using adyton::BytesView;

constexpr std::uint8_t kVersion3 = 2, kCrlVersion2 = 1;
constexpr unsigned kDigitalSignature = 0x80, kKeyEncipherment = 0x20, kKeyCertSign = 0x04, kCrlSign = 0x02;

// One extension; `fill` writes its value.
template <class Fill>
void extension(der::Writer& out, BytesView type, bool critical, Fill&& fill) {
  out.nested(der::kSequence, [&] {
    out.element(der::kObjectIdentifier, type);
    if (critical) out.boolean(true);
    out.nested(der::kOctetString, fill);
  });
}

void key_usage(der::Writer& out, unsigned bits) {
  const auto first_byte = static_cast<std::byte>(bits);
  const auto unused = static_cast<std::uint8_t>(std::countr_zero(bits));  // named bits end at the last one set
  extension(out, oid::kKeyUsage, true, [&] { out.bit_string({&first_byte, 1}, unused); });
}

void subject_key_identifier(der::Writer& out, BytesView identifier) {
  extension(out, oid::kSubjectKeyIdentifier, false, [&] { out.element(der::kOctetString, identifier); });
}

void authority_key_identifier(der::Writer& out, BytesView identifier) {
  extension(out, oid::kAuthorityKeyIdentifier, false,
            [&] { out.nested(der::kSequence, [&] { out.element(der::context(0), identifier); }); });
}

// TBSCertificate (RFC 5280, 4.1); `extensions` writes the extensions.
template <class Extensions>
Bytes to_be_signed(BytesView issuer, const Serial& serial, const Validity& validity, BytesView subject,
                   BytesView public_key, Extensions&& extensions) {
  der::Writer out;
  out.nested(der::kSequence, [&] {
    out.nested(der::context_constructed(0), [&] { out.integer(kVersion3); });
    out.unsigned_integer(serial);
    out.raw(ca_signature_algorithm());
    out.raw(issuer);
    out.nested(der::kSequence, [&] {
      out.time(validity.not_before);
      out.time(validity.not_after);
    });
    out.raw(subject);
    out.raw(public_key);
    out.nested(der::context_constructed(3), [&] { out.nested(der::kSequence, [&] { extensions(out); }); });
  });
  return out.take();
}

}  // namespace

Result<Bytes> make_ca_certificate(const CaKey& key, BytesView name, const Serial& serial, const Validity& validity) {
  return key.sign(to_be_signed(name, serial, validity, name, key.public_key(), [&](der::Writer& out) {
    extension(out, oid::kBasicConstraints, true, [&] {
      out.nested(der::kSequence, [&] {
        out.boolean(true);
        out.integer(0);
      });
    });
    key_usage(out, kKeyCertSign | kCrlSign);
    subject_key_identifier(out, key.identifier());
  }));
}

Result<Bytes> make_certificate(const CaKey& key, BytesView issuer, const Serial& serial, const Validity& validity,
                               const CertificateRequest& request) {
  const auto extensions = [&](der::Writer& out) {
    extension(out, oid::kBasicConstraints, true, [&] { out.nested(der::kSequence, [] {}); });
    key_usage(out, kDigitalSignature | (request.key.kind == KeyKind::kRsa ? kKeyEncipherment : 0));
    extension(out, oid::kExtendedKeyUsage, false, [&] {
      out.nested(der::kSequence, [&] {
        out.element(der::kObjectIdentifier, oid::kClientAuth);
        if (request.names_a_server) out.element(der::kObjectIdentifier, oid::kServerAuth);
      });
    });
    subject_key_identifier(out, key_identifier(request.key.bits));
    authority_key_identifier(out, key.identifier());
    if (request.alternative_names.empty()) return;
    extension(out, oid::kSubjectAltName, false, [&] {
      out.nested(der::kSequence, [&] {
        for (const BytesView name : request.alternative_names) out.raw(name);
      });
    });
  };
  return key.sign(to_be_signed(issuer, serial, validity, request.subject.der, request.key.spki, extensions));
}

Result<Bytes> make_crl(const CaKey& key, BytesView issuer, std::uint64_t number, const Validity& validity,
                       const std::vector<RevokedEntry>& entries) {
  der::Writer out;
  const auto revoked_certificate = [&](const RevokedEntry& entry) {
    out.nested(der::kSequence, [&] {
      out.unsigned_integer(entry.serial);
      out.time(entry.time);
      if (entry.reason == Reason::kUnspecified) return;
      const auto code = static_cast<std::byte>(entry.reason);
      out.nested(der::kSequence,
                 [&] { extension(out, oid::kReasonCode, false, [&] { out.element(der::kEnumerated, {&code, 1}); }); });
    });
  };
  out.nested(der::kSequence, [&] {  // TBSCertList (RFC 5280, 5.1)
    out.integer(kCrlVersion2);
    out.raw(ca_signature_algorithm());
    out.raw(issuer);
    out.time(validity.not_before);
    out.time(validity.not_after);
    if (!entries.empty()) {
      out.nested(der::kSequence, [&] {
        for (const RevokedEntry& entry : entries) revoked_certificate(entry);
      });
    }
    out.nested(der::context_constructed(0), [&] {
      out.nested(der::kSequence, [&] {
        authority_key_identifier(out, key.identifier());
        extension(out, oid::kCrlNumber, false, [&] { out.integer(number); });
      });
    });
  });
  return key.sign(out.bytes());
}

Result<CertificateFields> parse_certificate(BytesView certificate) {
  der::Reader outer(certificate);
  der::Reader signed_part = TRY(outer.enter(der::kSequence, "certificate"));
  TRY(outer.end("certificate"));
  der::Reader reader = TRY(signed_part.enter(der::kSequence, "certificate"));
  TRY(reader.element(der::context_constructed(0), "version"));
  CertificateFields out;
  out.serial = adyton::to_hex(TRY(reader.unsigned_integer("serial number")));
  TRY(reader.element(der::kSequence, "signature algorithm"));
  TRY(reader.element(der::kSequence, "issuer"));
  der::Reader validity = TRY(reader.enter(der::kSequence, "validity"));
  out.validity.not_before = TRY(validity.time("validity"));
  out.validity.not_after = TRY(validity.time("validity"));
  Name subject = TRY(read_name(reader, "subject"));
  out.subject = std::move(subject.text);
  out.subject_der = adyton::to_bytes(subject.der);
  out.public_key = adyton::to_bytes(TRY(reader.element(der::kSequence, "public key")).whole);
  return out;
}

}  // namespace device_ca
