// SPDX-License-Identifier: Apache-2.0
#include "crypto/signing_key.h"

#include <algorithm>

#include <openssl/core_names.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/error.h"
#include "crypto/openssl.h"
#include "crypto/signature_algorithm.h"

namespace adyton {

Result<Bytes> encode_public_key(EVP_PKEY* key) {
  // One key, one encoding: elliptic curve points are never compressed.
  if (EVP_PKEY_is_a(key, "EC") &&
      EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
                                     OSSL_PKEY_EC_POINT_CONVERSION_FORMAT_UNCOMPRESSED) != 1) {
    return openssl_error(ErrorCode::kInternal, "encoding a public key");
  }
  Bytes out(static_cast<std::size_t>(std::max(i2d_PUBKEY(key, nullptr), 0)));
  if (out.empty()) return openssl_error(ErrorCode::kInvalid, "a public key that cannot be encoded");
  unsigned char* end = openssl_output(out);
  i2d_PUBKEY(key, &end);
  return out;
}

Result<Bytes> sign_with(EVP_PKEY* key, KeyType type, SignatureAlgorithm algorithm, BytesView message, EcdsaForm form) {
  if (!fits(algorithm, type)) return invalid("{} is no algorithm of {} keys", name_of(algorithm), name_of(type));
  const OwnedDigestContext context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* parameters = nullptr;  // owned by the context
  if (!context || EVP_DigestSignInit_ex(context.get(), &parameters, digest_name(algorithm), openssl_library(), nullptr,
                                        key, nullptr) != 1) {
    return openssl_error(ErrorCode::kInternal, "signing");
  }
  TRY(set_padding(parameters, algorithm));
  Bytes signature(static_cast<std::size_t>(EVP_PKEY_get_size(key)));
  std::size_t size = signature.size();
  if (EVP_DigestSign(context.get(), openssl_output(signature), &size, openssl_bytes(message), message.size()) != 1) {
    return openssl_error(ErrorCode::kInternal, "signing");
  }
  signature.resize(size);
  const Curve* curve = curve_of(type);
  if (curve != nullptr && form == EcdsaForm::kRaw) return ecdsa_der_to_raw(signature, curve->field_bytes);
  return signature;
}

struct SigningKey::Impl {
  OwnedKey key;
  VerifyingKey verifying_key;
};

namespace {

OwnedKey generate_key(KeyType type, unsigned rsa_bits) {
  EVP_PKEY* made = nullptr;
  if (const Curve* curve = curve_of(type)) {
    made = EVP_PKEY_Q_keygen(openssl_library(), nullptr, "EC", curve->name);
  } else if (type == KeyType::kRsa) {
    made = EVP_PKEY_Q_keygen(openssl_library(), nullptr, "RSA", static_cast<std::size_t>(rsa_bits));
  } else {
    made = EVP_PKEY_Q_keygen(openssl_library(), nullptr, "ED25519");
  }
  return OwnedKey(made);
}

}  // namespace

Result<SigningKey> SigningKey::generate(KeyType type, unsigned rsa_bits) {
  OwnedKey key = generate_key(type, rsa_bits);
  if (!key) return openssl_error(ErrorCode::kInternal, "making a key");
  VerifyingKey verifying_key = TRY(VerifyingKey::parse_spki(TRY(encode_public_key(key.get()))));
  return SigningKey(std::make_shared<const Impl>(std::move(key), std::move(verifying_key)));
}

const VerifyingKey& SigningKey::verifying_key() const { return impl_->verifying_key; }

Result<Bytes> SigningKey::sign(SignatureAlgorithm algorithm, BytesView message, EcdsaForm form) const {
  return sign_with(impl_->key.get(), impl_->verifying_key.type(), algorithm, message, form);
}

}  // namespace adyton
