// SPDX-License-Identifier: Apache-2.0
// The public key in a certificate request: which kinds the CA accepts, and the request's signature checked with it.
#pragma once

#include <adyton/bytes.h>
#include <adyton/der.h>
#include <adyton/result.h>

namespace device_ca {

enum class KeyKind { kRsa, kP256, kP384, kEd25519 };
enum class Hash { kNone, kSha256, kSha384, kSha512 };

// A SubjectPublicKeyInfo (RFC 5280, 4.1.2.7): views into the bytes that were read.
struct SubjectKey {
  KeyKind kind = KeyKind::kP256;
  adyton::BytesView spki;
  adyton::BytesView bits;               // EC: the uncompressed point; Ed25519: the key; RSA: RSAPublicKey (DER)
  adyton::BytesView modulus, exponent;  // RSA: magnitudes
};

// An AlgorithmIdentifier of a signature.
struct SignatureAlgorithm {
  bool rsa = false, ecdsa = false;  // neither: Ed25519
  Hash hash = Hash::kNone;
};

// Accepts RSA from 2048 to 8192 bits with a public exponent of at least 65537, P-256, P-384 and Ed25519. Errors:
// invalid (malformed), denied (weak or of another kind, said in words).
adyton::Result<SubjectKey> read_subject_key(adyton::der::Reader& reader);

// Accepts SHA-256, SHA-384 and SHA-512 with RSA (PKCS#1 v1.5) or ECDSA, and Ed25519. Errors: likewise.
adyton::Result<SignatureAlgorithm> read_signature_algorithm(adyton::der::Reader& reader);

// Errors: untrusted. Thread-safe.
adyton::Result<void> verify_signature(const SubjectKey& key, const SignatureAlgorithm& algorithm,
                                      adyton::BytesView message, adyton::BytesView signature);

}  // namespace device_ca
