// SPDX-License-Identifier: Apache-2.0
// What the signature algorithms differ in, in OpenSSL's terms. Included by this room's sources only.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "crypto/openssl.h"
#include "crypto/signature.h"

namespace adyton {

inline constexpr std::size_t kSignatureAlgorithms = 10;

// A named curve of FIPS 186: its identifier's arcs (RFC 5480, 2.1.1.1), OpenSSL's name, and the bytes of a coordinate,
// which for these curves are also those of r and s.
struct Curve {
  KeyType type;
  std::array<std::uint8_t, 8> arcs;
  std::size_t arcs_bytes;
  const char* name;
  std::size_t field_bytes;
  unsigned bits;
  [[nodiscard]] BytesView oid() const { return std::as_bytes(std::span(arcs)).first(arcs_bytes); }
};

inline constexpr std::array<Curve, 3> kCurves{{
    {KeyType::kP256, {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07}, 8, "P-256", 32, 256},
    {KeyType::kP384, {0x2b, 0x81, 0x04, 0x00, 0x22}, 5, "P-384", 48, 384},
    {KeyType::kP521, {0x2b, 0x81, 0x04, 0x00, 0x23}, 5, "P-521", 66, 521},
}};

const Curve* curve_of(KeyType type);  // null for RSA and Ed25519

// Whether keys of `type` make signatures of `algorithm`.
bool fits(SignatureAlgorithm algorithm, KeyType type);

// The digest's OpenSSL name; null for Ed25519, which brings its own.
const char* digest_name(SignatureAlgorithm algorithm);

// RSA: PKCS #1 version 1.5, or PSS with a salt as long as the digest. Others: nothing to set.
Result<void> set_padding(EVP_PKEY_CTX* context, SignatureAlgorithm algorithm);

// r || s of `field_bytes` each, to DER (RFC 3279, 2.2.3) and back. Errors: invalid, for another length or form.
Result<Bytes> ecdsa_raw_to_der(BytesView raw, std::size_t field_bytes);
Result<Bytes> ecdsa_der_to_raw(BytesView der, std::size_t field_bytes);

// SubjectPublicKeyInfo of a key OpenSSL holds, with uncompressed points. Errors: invalid.
Result<Bytes> encode_public_key(EVP_PKEY* key);

// A signature by the private key `key`, which is one of `type`.
Result<Bytes> sign_with(EVP_PKEY* key, KeyType type, SignatureAlgorithm algorithm, BytesView message, EcdsaForm form);

}  // namespace adyton
