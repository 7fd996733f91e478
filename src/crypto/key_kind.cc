// SPDX-License-Identifier: Apache-2.0
#include "crypto/key_kind.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/rsa.h>

#include "base/error.h"

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

const char* digest_name(KeyKind kind) {
  switch (kind) {
    case KeyKind::kP256: return "SHA2-256";
    case KeyKind::kP384:
    case KeyKind::kRsa3072: return "SHA2-384";
    case KeyKind::kEd25519: break;
  }
  return nullptr;
}

Result<void> set_padding(EVP_PKEY_CTX* context, KeyKind kind) {
  if (kind != KeyKind::kRsa3072) return {};
  if (EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) != 1 ||
      EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) != 1) {
    return openssl_error(ErrorCode::kInternal, "RSA-PSS cannot be had");
  }
  return {};
}

bool is_ecdsa(KeyKind kind) { return kind == KeyKind::kP256 || kind == KeyKind::kP384; }

std::size_t raw_signature_bytes(KeyKind kind) { return kind == KeyKind::kP256 ? 64 : 96; }

Result<Bytes> ecdsa_signature_to_der(BytesView raw) {
  const int half = static_cast<int>(raw.size() / 2);
  const OwnedEcdsaSignature signature(ECDSA_SIG_new());
  OwnedNumber r(BN_bin2bn(openssl_bytes(raw), half, nullptr));
  OwnedNumber s(BN_bin2bn(openssl_bytes(raw) + half, half, nullptr));
  if (!signature || !r || !s) return internal("out of memory");
  ECDSA_SIG_set0(signature.get(), r.release(), s.release());
  Bytes der(static_cast<std::size_t>(i2d_ECDSA_SIG(signature.get(), nullptr)));
  unsigned char* end = openssl_output(der);
  i2d_ECDSA_SIG(signature.get(), &end);
  return der;
}

Result<Bytes> ecdsa_signature_to_raw(BytesView signature, KeyKind kind) {
  if (!is_ecdsa(kind)) return invalid("not an ECDSA key");
  const std::size_t size = raw_signature_bytes(kind);
  // A DER form of exactly this size would have to lack six bytes that honest signatures have.
  if (signature.size() == size) return to_bytes(signature);
  const unsigned char* cursor = openssl_bytes(signature);
  const OwnedEcdsaSignature parsed(d2i_ECDSA_SIG(nullptr, &cursor, static_cast<long>(signature.size())));
  if (!parsed || cursor != openssl_bytes(signature) + signature.size()) {
    return openssl_error(ErrorCode::kInvalid,
                         fmt::format("not an ECDSA signature: DER, or {} bytes of r and s, are wanted", size));
  }
  Bytes raw(size);
  const int half = static_cast<int>(size / 2);
  if (BN_bn2binpad(ECDSA_SIG_get0_r(parsed.get()), openssl_output(raw), half) != half ||
      BN_bn2binpad(ECDSA_SIG_get0_s(parsed.get()), openssl_output(std::span(raw).subspan(size / 2)), half) != half) {
    return invalid("an ECDSA signature of a larger curve than the key's");
  }
  return raw;
}

}  // namespace adyton
