// SPDX-License-Identifier: Apache-2.0
// Asymmetric keys and signatures, over OpenSSL, with OpenSSL nowhere in the interface.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <adyton/bytes.h>
#include <adyton/identity.h>
#include <adyton/result.h>

namespace adyton {

// The kinds of key Adyton makes and accepts, each with its one signature algorithm, by its COSE name.
enum class KeyKind {
  kP256,     // ES256
  kP384,     // ES384
  kEd25519,  // EdDSA
  kRsa3072,  // PS384; RSA of 3072 to 8192 bits with the exponent 3 or 65537. Made ones have 3, all that SGX takes
};

class PublicKey {
 public:
  static Result<PublicKey> parse_der(BytesView spki);  // SubjectPublicKeyInfo
  static Result<PublicKey> parse_pem(std::string_view pem);
  [[nodiscard]] KeyKind kind() const;
  [[nodiscard]] Bytes der() const;
  [[nodiscard]] std::string pem() const;
  [[nodiscard]] Digest384 fingerprint() const;  // SHA-384 of der()

  // Errors: untrusted. ECDSA signatures are raw r || s as COSE has them.
  Result<void> verify(BytesView message, BytesView signature) const;

  struct Impl;
  explicit PublicKey(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

 private:
  std::shared_ptr<const Impl> impl_;
};

class PrivateKey {
 public:
  static Result<PrivateKey> generate(KeyKind kind);
  static Result<PrivateKey> parse_pem(std::string_view pem);  // PKCS#8 or traditional, unencrypted
  [[nodiscard]] PublicKey public_key() const;
  [[nodiscard]] std::string pem() const;        // PKCS#8
  Result<Bytes> sign(BytesView message) const;  // ECDSA: raw r || s
  // PKCS #1 v1.5 with SHA-256, which SGX takes and Adyton makes for nothing else. Errors: invalid, unless it is RSA.
  Result<Bytes> sign_pkcs1_sha256(BytesView message) const;

  struct Impl;
  explicit PrivateKey(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

 private:
  std::shared_ptr<const Impl> impl_;
};

// The raw r || s form of a DER ECDSA signature (as `openssl dgst -sign` writes it), for a curve of the key's size.
// A signature that is already raw comes back as it is.
Result<Bytes> ecdsa_signature_to_raw(BytesView signature, KeyKind kind);

}  // namespace adyton
