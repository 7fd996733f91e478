// SPDX-License-Identifier: Apache-2.0
// What the CA signs, as DER by the profile of RFC 5280: its own certificate, devices' certificates, revocation lists.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include "ca_key.h"
#include "device_ca_calls.h"
#include "request.h"

namespace device_ca {

// 128 random bits, of which the first is 0 (so that it is positive in 16 bytes) and the second is 1 (so that it takes
// all of them): RFC 5280, 4.1.2.2.
using Serial = std::array<std::byte, 16>;

struct Validity {
  std::int64_t not_before = 0, not_after = 0;  // seconds since 1970
};

// The self-signed certificate of a CA: basicConstraints CA:TRUE pathlen:0, keyUsage keyCertSign and cRLSign, both
// critical; subjectKeyIdentifier.
adyton::Result<adyton::Bytes> make_ca_certificate(const CaKey& key, adyton::BytesView name, const Serial& serial,
                                                  const Validity& validity);

// A device's certificate: basicConstraints CA:FALSE and keyUsage digitalSignature (and keyEncipherment for RSA), both
// critical; extendedKeyUsage clientAuth (and serverAuth if it names DNS names or addresses); key identifiers; the
// request's alternative names.
adyton::Result<adyton::Bytes> make_certificate(const CaKey& key, adyton::BytesView issuer, const Serial& serial,
                                               const Validity& validity, const CertificateRequest& request);

struct RevokedEntry {
  Serial serial;
  std::int64_t time = 0;
  Reason reason = Reason::kUnspecified;
};

// A version 2 CRL with authorityKeyIdentifier and cRLNumber; no reason code for kUnspecified (RFC 5280, 5.3.1).
adyton::Result<adyton::Bytes> make_crl(const CaKey& key, adyton::BytesView issuer, std::uint64_t number,
                                       const Validity& validity, const std::vector<RevokedEntry>& entries);

// What the CA needs of a certificate that it made.
struct CertificateFields {
  std::string serial;  // hexadecimal
  std::string subject;
  adyton::Bytes subject_der;
  adyton::Bytes public_key;  // SubjectPublicKeyInfo
  Validity validity;
};
adyton::Result<CertificateFields> parse_certificate(adyton::BytesView certificate);

}  // namespace device_ca
