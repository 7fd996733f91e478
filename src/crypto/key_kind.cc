// SPDX-License-Identifier: Apache-2.0
#include "crypto/key_kind.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/rsa.h>

#include "base/error.h"
#include "crypto/signature_algorithm.h"

namespace adyton {
namespace {

using OwnedNumber = OpenSslOwner<BIGNUM, BN_free>;

constexpr int kMinRsaBits = 3072, kMaxRsaBits = 8192;
constexpr std::string_view kAccepted = "Adyton takes P-256, P-384, Ed25519 and RSA of 3072 bits and more";

Result<KeyKind> rsa_kind(EVP_PKEY* key) {
  const int bits = EVP_PKEY_get_bits(key);
  if (bits < kMinRsaBits || bits > kMaxRsaBits) {
    return invalid("an RSA key of {} bits: {} to {} are taken", bits, kMinRsaBits, kMaxRsaBits);
  }
  BIGNUM* number = nullptr;
  if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &number) != 1) {
    return openssl_error(ErrorCode::kInvalid, "an RSA key without exponent");
  }
  const OwnedNumber exponent(number);
  if (!BN_is_word(exponent.get(), 3) && !BN_is_word(exponent.get(), 65537)) {
    return invalid("an RSA key with an unusual public exponent: 3 and 65537 are taken");
  }
  return KeyKind::kRsa3072;
}

Result<KeyKind> ec_kind(EVP_PKEY* key) {
  int from_explicit = 0;
  EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &from_explicit);
  if (from_explicit != 0) return invalid("an elliptic curve key that spells out its curve instead of naming it");
  char name[64] = {};
  if (EVP_PKEY_get_group_name(key, name, sizeof(name), nullptr) != 1) {
    return openssl_error(ErrorCode::kInvalid, "an elliptic curve key without a named curve");
  }
  if (name == std::string_view("prime256v1")) return KeyKind::kP256;
  if (name == std::string_view("secp384r1")) return KeyKind::kP384;
  return invalid("an elliptic curve key on {}: {}", name, kAccepted);
}

}  // namespace

Result<KeyKind> kind_of(EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "RSA")) return rsa_kind(key);
  if (EVP_PKEY_is_a(key, "EC")) return ec_kind(key);
  if (EVP_PKEY_is_a(key, "ED25519")) return KeyKind::kEd25519;
  const char* name = EVP_PKEY_get0_type_name(key);
  return invalid("a key of the kind {}: {}", name ? name : "?", kAccepted);
}

Result<OwnedKey> generate_key(KeyKind kind) {
  OwnedKey key;
  switch (kind) {
    case KeyKind::kP256: key.reset(EVP_PKEY_Q_keygen(openssl_library(), nullptr, "EC", "P-256")); break;
    case KeyKind::kP384: key.reset(EVP_PKEY_Q_keygen(openssl_library(), nullptr, "EC", "P-384")); break;
    case KeyKind::kEd25519: key.reset(EVP_PKEY_Q_keygen(openssl_library(), nullptr, "ED25519")); break;
    case KeyKind::kRsa3072: {
      // Exponent 3: SGX takes no other, and one key is to sign for every back-end.
      const OwnedKeyContext context(EVP_PKEY_CTX_new_from_name(openssl_library(), "RSA", nullptr));
      const OwnedNumber exponent(BN_new());
      EVP_PKEY* made = nullptr;
      if (context && exponent && BN_set_word(exponent.get(), 3) == 1 && EVP_PKEY_keygen_init(context.get()) == 1 &&
          EVP_PKEY_CTX_set_rsa_keygen_bits(context.get(), kMinRsaBits) == 1 &&
          EVP_PKEY_CTX_set1_rsa_keygen_pubexp(context.get(), exponent.get()) == 1) {
        EVP_PKEY_keygen(context.get(), &made);
      }
      key.reset(made);
      break;
    }
  }
  if (!key) return openssl_error(ErrorCode::kInternal, "making a key");
  return key;
}

SignatureAlgorithm algorithm_of(KeyKind kind) {
  switch (kind) {
    case KeyKind::kP256: return SignatureAlgorithm::kEcdsaSha256;
    case KeyKind::kP384: return SignatureAlgorithm::kEcdsaSha384;
    case KeyKind::kEd25519: return SignatureAlgorithm::kEd25519;
    case KeyKind::kRsa3072: break;
  }
  return SignatureAlgorithm::kRsaPssSha384;
}

KeyType type_of(KeyKind kind) {
  switch (kind) {
    case KeyKind::kP256: return KeyType::kP256;
    case KeyKind::kP384: return KeyType::kP384;
    case KeyKind::kEd25519: return KeyType::kEd25519;
    case KeyKind::kRsa3072: break;
  }
  return KeyType::kRsa;
}

Result<Bytes> ecdsa_signature_to_raw(BytesView signature, KeyKind kind) {
  const Curve* curve = curve_of(type_of(kind));
  if (curve == nullptr) return invalid("not an ECDSA key");
  const std::size_t size = 2 * curve->field_bytes;
  // A DER form of exactly this size would have to lack six bytes that honest signatures have.
  if (signature.size() == size) return to_bytes(signature);
  return ecdsa_der_to_raw(signature, curve->field_bytes)
      .within(fmt::format("not an ECDSA signature: DER, or {} bytes of r and s, are wanted", size));
}

}  // namespace adyton
