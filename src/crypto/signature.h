// SPDX-License-Identifier: Apache-2.0
// Signatures as other people's certificates and evidence have them: more kinds of keys than Adyton makes
// (crypto/keys.h), and only ever verified.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include <adyton/bytes.h>
#include <adyton/result.h>

namespace adyton {

enum class KeyType : std::uint8_t { kP256, kP384, kP521, kRsa, kEd25519 };
std::string_view name_of(KeyType type);  // "P-256", "RSA", ...

enum class SignatureAlgorithm : std::uint8_t {
  kEcdsaSha256,
  kEcdsaSha384,
  kEcdsaSha512,
  kRsaPkcs1Sha256,
  kRsaPkcs1Sha384,
  kRsaPkcs1Sha512,
  kRsaPssSha256,  // PSS: MGF1 with the same digest, a salt as long as it
  kRsaPssSha384,
  kRsaPssSha512,
  kEd25519,
};
std::string_view name_of(SignatureAlgorithm algorithm);  // "ECDSA with SHA-384", ...

// How an ECDSA signature is written; meaningless for the others.
enum class EcdsaForm : std::uint8_t { kDer, kRaw };  // kRaw: r || s, big-endian, each as long as the curve's order

class SeenSignatures;

// A message with a signature: views, and their name, by which SeenSignatures looks verifications up. Whoever keeps a
// document keeps one of these, so that it is hashed once.
class SignedMessage {
 public:
  SignedMessage(SignatureAlgorithm algorithm, BytesView message, BytesView signature, EcdsaForm form = EcdsaForm::kDer);
  [[nodiscard]] SignatureAlgorithm algorithm() const { return algorithm_; }
  [[nodiscard]] BytesView message() const { return message_; }
  [[nodiscard]] BytesView signature() const { return signature_; }

 private:
  friend class VerifyingKey;
  SignatureAlgorithm algorithm_;
  EcdsaForm form_;
  BytesView message_, signature_;
  std::array<std::byte, 32> name_;  // SHA-256 of all of that
};

// A public key that checks signatures. Immutable, thread-safe, cheap to copy.
class VerifyingKey {
 public:
  // SubjectPublicKeyInfo (RFC 5280, 4.1.2.7). RSA: 2048 to 8192 bits, exponent odd and at least 3. Elliptic curves:
  // named, uncompressed points on the curve. Errors: invalid.
  static Result<VerifyingKey> parse_spki(BytesView der);
  static Result<VerifyingKey> parse_pem(std::string_view pem);  // "PUBLIC KEY"
  // From bare numbers, big-endian. `curve`: kP256, kP384 or kP521; x and y as long as its field.
  static Result<VerifyingKey> from_point(KeyType curve, BytesView x, BytesView y);
  static Result<VerifyingKey> from_rsa(BytesView modulus, BytesView exponent);

  [[nodiscard]] KeyType type() const;
  [[nodiscard]] unsigned bits() const;   // of the field or the modulus
  [[nodiscard]] BytesView spki() const;  // DER

  // Errors: untrusted, when the signature does not fit; invalid, when the algorithm is none of this key's type. With
  // `seen`, a signature that was found good before is not computed again.
  Result<void> verify(SignatureAlgorithm algorithm, BytesView message, BytesView signature,
                      EcdsaForm form = EcdsaForm::kDer, SeenSignatures* seen = nullptr) const;
  Result<void> verify(const SignedMessage& message, SeenSignatures* seen = nullptr) const;

  struct Impl;

 private:
  explicit VerifyingKey(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

class ParsedObjects;  // crypto/parsed_objects.h

// Signatures that were found good: that a key made a signature over a message is true for ever, whatever the key is
// worth. So this can be shared by all verifications, and no answer depends on it. Bounded: when it is full, it learns
// no more. Thread-safe; looking up takes no lock.
class SeenSignatures {
 public:
  explicit SeenSignatures(std::size_t capacity = 4096);  // signatures; 128 bytes of memory each, once they are there
  ~SeenSignatures();
  SeenSignatures(const SeenSignatures&) = delete;
  SeenSignatures& operator=(const SeenSignatures&) = delete;

  // What need not be taken apart again, for as long as this lives.
  ParsedObjects& parsed();

  struct Table;

 private:
  friend class VerifyingKey;
  std::unique_ptr<Table> table_;
};

}  // namespace adyton
