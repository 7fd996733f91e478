// SPDX-License-Identifier: Apache-2.0
// The CA's key (ECDSA P-256): made here, kept as its 32-byte secret number, used through OpenSSL.
#pragma once

#include <memory>
#include <string>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include <adyton/secret.h>

namespace device_ca {

// Immutable; thread-safe.
class CaKey {
 public:
  static adyton::Result<CaKey> generate();
  // The key with this secret number and public key (SubjectPublicKeyInfo): what secret() and public_key() gave. Errors:
  // invalid (they do not belong together).
  static adyton::Result<CaKey> restore(const adyton::Secret& secret, adyton::BytesView public_key);

  [[nodiscard]] adyton::Result<adyton::Secret> secret() const;  // big-endian
  [[nodiscard]] const adyton::Bytes& public_key() const;        // SubjectPublicKeyInfo, DER
  [[nodiscard]] const adyton::Bytes& identifier() const;        // SubjectKeyIdentifier of it

  // Appends SEQUENCE { to_be_signed, ecdsa-with-SHA256, signature }: a certificate or a revocation list.
  [[nodiscard]] adyton::Result<adyton::Bytes> sign(adyton::BytesView to_be_signed) const;

 private:
  struct Impl;
  explicit CaKey(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

adyton::Bytes sha256(adyton::BytesView bytes);

// The SubjectKeyIdentifier of a SubjectPublicKeyInfo: the leftmost 160 bits of the SHA-256 of the key's bits (RFC 7093,
// 2, method 1). `bits` is what the BIT STRING holds.
adyton::Bytes key_identifier(adyton::BytesView bits);

// The AlgorithmIdentifier of what sign() makes.
adyton::Bytes ca_signature_algorithm();

}  // namespace device_ca
