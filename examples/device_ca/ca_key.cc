// SPDX-License-Identifier: Apache-2.0
#include "ca_key.h"

#include <algorithm>
#include <array>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/params.h>

#include <adyton/der.h>

#include "oids.h"
#include "openssl_unsafe.h"
#include "refuse.h"

namespace device_ca {
namespace {

namespace der = adyton::der;
using adyton::Bytes;
using adyton::BytesView;
using adyton::Secret;

constexpr std::size_t kSecretBytes = 32, kPointBytes = 65;
constexpr char kCurve[] = "P-256";

struct ClearBignum {
  void operator()(BIGNUM* number) const { BN_clear_free(number); }
};

adyton::Error failed(std::string_view what) {
  ERR_clear_error();
  return refuse(ErrorCode::kInternal, "{} failed in OpenSSL", what);
}

// Fetched once: looking an algorithm up costs more than hashing a certificate.
const EVP_MD* sha256_algorithm() {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA2-256", nullptr);
  return algorithm;
}

Result<Bytes> point_of(const EVP_PKEY* key) {
  Bytes point(kPointBytes);
  std::size_t size = 0;
  if (EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, raw_output(point), point.size(), &size) != 1 ||
      size != kPointBytes) {
    return failed("reading a public key");
  }
  return point;
}

Bytes encode_public_key(BytesView point) {
  der::Writer out;
  out.nested(der::kSequence, [&] {
    out.nested(der::kSequence, [&] {
      out.element(der::kObjectIdentifier, oid::kEcPublicKey);
      out.element(der::kObjectIdentifier, oid::kP256);
    });
    out.bit_string(point);
  });
  return out.take();
}

}  // namespace

struct CaKey::Impl {
  OwnedKey key;
  OwnedDigestContext signing;  // ready to sign; copying it is cheaper than making one
  Bytes public_key, identifier;

  static Result<CaKey> make(OwnedKey key) {
    const Bytes point = TRY(point_of(key.get()));
    OwnedDigestContext signing(EVP_MD_CTX_new());
    if (!signing || EVP_DigestSignInit(signing.get(), nullptr, sha256_algorithm(), nullptr, key.get()) != 1) {
      return failed("preparing to sign");
    }
    return CaKey(std::make_shared<Impl>(
        Impl{std::move(key), std::move(signing), encode_public_key(point), key_identifier(point)}));
  }
};

Result<CaKey> CaKey::generate() {
  OwnedKey key(EVP_EC_gen(kCurve));
  if (!key) return failed("making a key");
  return Impl::make(std::move(key));
}

Result<CaKey> CaKey::restore(const Secret& secret, BytesView public_key) {
  if (secret.size() != kSecretBytes) return malformed("a private key of {} bytes", secret.size());
  if (public_key.size() < kPointBytes) return malformed("a public key of {} bytes", public_key.size());
  Bytes point = adyton::to_bytes(public_key.last(kPointBytes));
  Secret number = secret.copy();  // in the machine's byte order, as OpenSSL wants it
  std::ranges::reverse(number.expose_mutable());
  std::string curve = kCurve;
  OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, curve.data(), 0),
      OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, raw_output(number.expose_mutable()), number.size()),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()),
      OSSL_PARAM_construct_end(),
  };
  const OwnedKeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  EVP_PKEY* made = nullptr;
  if (!context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_KEYPAIR, parameters) != 1) {
    return failed("restoring a key");
  }
  OwnedKey key(made);
  const OwnedKeyContext check(EVP_PKEY_CTX_new(key.get(), nullptr));
  if (!check || EVP_PKEY_pairwise_check(check.get()) != 1) {
    ERR_clear_error();
    return malformed("the private and the public key do not belong together");
  }
  return Impl::make(std::move(key));
}

Result<Secret> CaKey::secret() const {
  BIGNUM* number = nullptr;
  if (EVP_PKEY_get_bn_param(impl_->key.get(), OSSL_PKEY_PARAM_PRIV_KEY, &number) != 1) return failed("reading a key");
  const std::unique_ptr<BIGNUM, ClearBignum> owned(number);
  Secret out(kSecretBytes);
  if (BN_bn2binpad(number, raw_output(out.expose_mutable()), kSecretBytes) != kSecretBytes)
    return failed("reading a key");
  return out;
}

const Bytes& CaKey::public_key() const { return impl_->public_key; }
const Bytes& CaKey::identifier() const { return impl_->identifier; }

Result<Bytes> CaKey::sign(BytesView to_be_signed) const {
  const OwnedDigestContext context(EVP_MD_CTX_new());
  std::array<std::byte, 80> signature;  // SEQUENCE of two INTEGERs of at most 33 bytes
  std::size_t size = signature.size();
  if (!context || EVP_MD_CTX_copy_ex(context.get(), impl_->signing.get()) != 1 ||
      EVP_DigestSign(context.get(), raw_output(signature), &size, raw(to_be_signed), to_be_signed.size()) != 1) {
    return failed("signing");
  }
  der::Writer out;
  out.nested(der::kSequence, [&] {
    out.raw(to_be_signed);
    out.raw(ca_signature_algorithm());
    out.bit_string(BytesView(signature).first(size));
  });
  return out.take();
}

Bytes sha256(BytesView bytes) {
  Bytes out(32);
  EVP_Digest(raw(bytes), bytes.size(), raw_output(out), nullptr, sha256_algorithm(), nullptr);
  return out;
}

Bytes key_identifier(BytesView bits) {
  Bytes out = sha256(bits);
  out.resize(20);
  return out;
}

Bytes ca_signature_algorithm() {
  der::Writer out;
  out.nested(der::kSequence, [&] { out.element(der::kObjectIdentifier, oid::kEcdsaWithSha256); });
  return out.take();
}

}  // namespace device_ca
