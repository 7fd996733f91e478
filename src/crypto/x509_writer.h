// SPDX-License-Identifier: Apache-2.0
// Makes the certificates and revocation lists (RFC 5280) that crypto/x509.h reads: for authorities that stand in for
// others', those of the SGX emulator and of the tests. It writes what it is told, and so can write what no reader
// accepts.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <adyton/bytes.h>
#include <adyton/der.h>
#include <adyton/result.h>
#include "crypto/keys.h"
#include "crypto/signature.h"

namespace adyton {

// The encoded arcs of "2.5.29.19". Errors: invalid: not two or more decimal arcs.
Result<Bytes> encode_object_identifier(std::string_view dotted);

// A Name (RFC 5280, 4.1.2.4): "CN=...,O=..." of CN, O, OU, C, L and ST, in this order; without "=" it is a CN. A comma
// cannot be within. Errors: invalid, for other attributes.
Result<Bytes> encode_name(std::string_view text);

// AlgorithmIdentifier (RFC 5280, 4.1.1.2), with the parameters that the algorithm wants.
Bytes algorithm_identifier(SignatureAlgorithm algorithm);

// The algorithm an authority with such a key signs with unless told otherwise.
SignatureAlgorithm usual_algorithm(KeyType type);

struct X509Extension {
  Bytes oid;    // encoded arcs
  Bytes value;  // contents of the OCTET STRING
  bool critical = false;
};

// The extensions that authorities write; key identifiers are the first 20 bytes of SHA-256 of the key's
// SubjectPublicKeyInfo.
X509Extension basic_constraints(std::optional<std::uint64_t> path_length);  // of an authority
X509Extension key_usage(const std::vector<unsigned>& bits);                 // KeyUsage's numbers; at least one
X509Extension subject_key_id(BytesView spki);
X509Extension authority_key_id(BytesView issuer_spki);
X509Extension crl_distribution_points(const std::vector<std::string>& urls);
X509Extension crl_number(std::uint64_t number);

struct CertificateFields {
  unsigned version = 3;  // 1: none is written, nor extensions
  Bytes serial;          // big-endian magnitude
  SignatureAlgorithm algorithm = SignatureAlgorithm::kEcdsaSha256;
  Bytes issuer, subject;  // Names
  std::int64_t not_before = 0, not_after = 0;
  Bytes spki;
  std::vector<X509Extension> extensions;
};

struct RevocationListFields {
  SignatureAlgorithm algorithm = SignatureAlgorithm::kEcdsaSha256;
  Bytes issuer;
  std::int64_t this_update = 0;
  std::optional<std::int64_t> next_update;
  struct Revoked {
    Bytes serial;
    std::int64_t date = 0;
    std::optional<std::uint8_t> reason;
  };
  std::vector<Revoked> revoked;
  std::vector<X509Extension> extensions;
};

// The part that is signed: TBSCertificate, TBSCertList.
Bytes encode_unsigned(const CertificateFields& fields);
Bytes encode_unsigned(const RevocationListFields& fields);

// That part and its signature, which is DER for ECDSA (RFC 5280, 4.1.1 and 5.1.1).
Bytes attach_x509_signature(BytesView tbs, SignatureAlgorithm algorithm, BytesView signature);

// The same, signed by a P-256 key with SHA-256. Errors: invalid, for a key of another kind.
Result<Bytes> sign_x509(BytesView tbs, const PrivateKey& key);

}  // namespace adyton
