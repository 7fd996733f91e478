// SPDX-License-Identifier: Apache-2.0
// What certificates and revocation lists have in common. Included by this room's sources only.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "crypto/x509.h"

namespace adyton::x509 {

// Arcs of id-ce extensions (RFC 5280, 4.2.1 and 5.2): 2.5.29.n.
enum class ExtensionId : std::uint8_t {
  kSubjectKeyId = 14,
  kKeyUsage = 15,
  kSubjectAltName = 17,
  kBasicConstraints = 19,
  kCrlNumber = 20,
  kReasonCode = 21,
  kInvalidityDate = 24,
  kDeltaCrl = 27,
  kIssuingDistributionPoint = 28,
  kCrlDistributionPoints = 31,
  kAuthorityKeyId = 35,
};

struct Extension {
  BytesView oid;  // encoded arcs
  bool critical = false;
  BytesView value;  // the contents of the OCTET STRING
  [[nodiscard]] bool is(ExtensionId id) const;
};

// A SIGNED (RFC 5280, 4.1.1, 5.1.1): the part that is signed, and how.
struct Signed {
  BytesView tbs;  // a SEQUENCE, whole
  BytesView algorithm_der;
  SignatureAlgorithm algorithm;
  BytesView signature;
};
Result<Signed> read_signed(BytesView der, std::string_view what);

// An AlgorithmIdentifier that has to be the very one the signature was made with (RFC 5280, 4.1.2.3).
Result<void> read_same_algorithm(der::Reader& reader, const Signed& outer);

Result<DistinguishedName> read_name(der::Reader& reader, std::string_view what);

// CertificateSerialNumber: not negative, at most 20 bytes (RFC 5280, 4.1.2.2).
Result<BytesView> read_serial(der::Reader& reader);

// Extensions (RFC 5280, 4.1.2.9): at least one, none twice.
Result<std::vector<Extension>> read_extensions(der::Reader& reader);

// Contents of extensions, all with nothing after them.
Result<BytesView> parse_key_id(BytesView value);                              // SubjectKeyIdentifier
Result<std::optional<BytesView>> parse_authority_key_id(BytesView value);     // its keyIdentifier
Result<std::vector<std::string>> parse_distribution_points(BytesView value);  // their URIs

// The contents of a DistributionPointName (RFC 5280, 4.2.1.13): appends the URIs of a full name. One that is relative
// to its issuer has none.
Result<void> read_distribution_name(der::Reader name, std::vector<std::string>& urls);

}  // namespace adyton::x509
