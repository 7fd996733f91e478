// SPDX-License-Identifier: Apache-2.0
#include "crypto/keys.h"

#include <algorithm>

#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/error.h"
#include "crypto/crypto.h"
#include "crypto/key_kind.h"
#include "crypto/openssl.h"

namespace adyton {
namespace {

constexpr std::size_t kMaxPemBytes = 64 << 10;

Result<OwnedBio> bio_of(std::string_view text) {
  if (text.size() > kMaxPemBytes)
    return invalid("a key file of {} bytes: at most {} are read", text.size(), kMaxPemBytes);
  OwnedBio bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  if (!bio) return internal("out of memory");
  return bio;
}

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return std::string(data, static_cast<std::size_t>(size));
}

// For encrypted keys: there is nobody here who could be asked. (The default asks on the terminal.)
int no_passphrase(char*, int, int, void*) { return -1; }

Bytes spki_of(EVP_PKEY* key) {
  Bytes out(static_cast<std::size_t>(std::max(i2d_PUBKEY(key, nullptr), 0)));
  unsigned char* end = openssl_output(out);
  i2d_PUBKEY(key, &end);
  return out;
}

}  // namespace

struct PublicKey::Impl {
  OwnedKey key;
  KeyKind kind;
  Bytes der;
};

struct PrivateKey::Impl {
  OwnedKey key;
  PublicKey public_key;
};

namespace {

// Takes any key OpenSSL could read; refuses what is not one of the kinds of KeyKind.
Result<std::shared_ptr<const PublicKey::Impl>> public_impl(OwnedKey key) {
  const KeyKind kind = TRY(kind_of(key.get()));
  // One key, one encoding: elliptic curve points are never compressed.
  if (kind == KeyKind::kP256 || kind == KeyKind::kP384) {
    if (EVP_PKEY_set_utf8_string_param(key.get(), OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
                                       OSSL_PKEY_EC_POINT_CONVERSION_FORMAT_UNCOMPRESSED) != 1) {
      return openssl_error(ErrorCode::kInternal, "encoding a public key");
    }
  }
  Bytes der = spki_of(key.get());
  if (der.empty()) return openssl_error(ErrorCode::kInvalid, "a public key that cannot be encoded");
  return std::make_shared<const PublicKey::Impl>(std::move(key), kind, std::move(der));
}

Result<PrivateKey> private_key(OwnedKey key) {
  if (EVP_PKEY_up_ref(key.get()) != 1) return internal("out of memory");
  OwnedKey same(key.get());
  PublicKey public_key(TRY(public_impl(std::move(same))));
  return PrivateKey(std::make_shared<const PrivateKey::Impl>(std::move(key), std::move(public_key)));
}

}  // namespace

Result<PublicKey> PublicKey::parse_der(BytesView spki) {
  if (spki.size() > kMaxPemBytes) return invalid("a public key of {} bytes", spki.size());
  const unsigned char* cursor = openssl_bytes(spki);
  OwnedKey key(d2i_PUBKEY_ex(nullptr, &cursor, static_cast<long>(spki.size()), openssl_library(), nullptr));
  if (!key) return openssl_error(ErrorCode::kInvalid, "not a public key (DER SubjectPublicKeyInfo)");
  PublicKey out(TRY(public_impl(std::move(key))));
  if (!std::ranges::equal(out.impl_->der, spki)) {
    return invalid("a public key in an encoding other than the usual one: its fingerprint would not be unique");
  }
  return out;
}

Result<PublicKey> PublicKey::parse_pem(std::string_view pem) {
  const OwnedBio bio = TRY(bio_of(pem));
  OwnedKey key(PEM_read_bio_PUBKEY_ex(bio.get(), nullptr, no_passphrase, nullptr, openssl_library(), nullptr));
  if (!key) return openssl_error(ErrorCode::kInvalid, "not a public key (PEM, \"BEGIN PUBLIC KEY\")");
  return PublicKey(TRY(public_impl(std::move(key))));
}

KeyKind PublicKey::kind() const { return impl_->kind; }
Bytes PublicKey::der() const { return impl_->der; }
Digest384 PublicKey::fingerprint() const { return sha384(impl_->der); }

std::string PublicKey::pem() const {
  const OwnedBio bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PUBKEY(bio.get(), impl_->key.get());
  return text_of(bio.get());
}

Result<void> PublicKey::verify(BytesView message, BytesView signature) const {
  const Error bad = untrusted("the signature does not match");
  Bytes encoded = to_bytes(signature);
  if (is_ecdsa(kind())) {
    // Exactly the raw form: a DER signature here would make two encodings of one signature.
    if (signature.size() != raw_signature_bytes(kind())) return bad;
    encoded = TRY(ecdsa_signature_to_der(signature));
  }
  const OwnedDigestContext context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* parameters = nullptr;  // owned by the context
  if (!context || EVP_DigestVerifyInit_ex(context.get(), &parameters, digest_name(kind()), openssl_library(), nullptr,
                                          impl_->key.get(), nullptr) != 1) {
    return openssl_error(ErrorCode::kInternal, "verifying a signature");
  }
  TRY(set_padding(parameters, kind()));
  const int ok =
      EVP_DigestVerify(context.get(), openssl_bytes(encoded), encoded.size(), openssl_bytes(message), message.size());
  if (ok != 1) return openssl_error(ErrorCode::kUntrusted, bad.message);
  return {};
}

Result<PrivateKey> PrivateKey::generate(KeyKind kind) {
  OwnedKey key = TRY(generate_key(kind));
  return private_key(std::move(key));
}

Result<PrivateKey> PrivateKey::parse_pem(std::string_view pem) {
  if (pem.find("BEGIN ENCRYPTED PRIVATE KEY") != pem.npos || pem.find("Proc-Type: 4,ENCRYPTED") != pem.npos) {
    return invalid("the private key is encrypted: decrypt it first (openssl pkey -in FILE -out PLAIN)");
  }
  const OwnedBio bio = TRY(bio_of(pem));
  OwnedKey key(PEM_read_bio_PrivateKey_ex(bio.get(), nullptr, no_passphrase, nullptr, openssl_library(), nullptr));
  if (!key) return openssl_error(ErrorCode::kInvalid, "not a private key (PEM, PKCS#8 or traditional)");
  return private_key(std::move(key));
}

PublicKey PrivateKey::public_key() const { return impl_->public_key; }

std::string PrivateKey::pem() const {
  const OwnedBio bio(BIO_new(BIO_s_secmem()));
  PEM_write_bio_PKCS8PrivateKey(bio.get(), impl_->key.get(), nullptr, nullptr, 0, no_passphrase, nullptr);
  return text_of(bio.get());
}

Result<Bytes> PrivateKey::sign(BytesView message) const {
  const KeyKind kind = impl_->public_key.kind();
  const OwnedDigestContext context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* parameters = nullptr;  // owned by the context
  if (!context || EVP_DigestSignInit_ex(context.get(), &parameters, digest_name(kind), openssl_library(), nullptr,
                                        impl_->key.get(), nullptr) != 1) {
    return openssl_error(ErrorCode::kInternal, "signing");
  }
  TRY(set_padding(parameters, kind));
  Bytes signature(static_cast<std::size_t>(EVP_PKEY_get_size(impl_->key.get())));
  std::size_t size = signature.size();
  if (EVP_DigestSign(context.get(), openssl_output(signature), &size, openssl_bytes(message), message.size()) != 1) {
    return openssl_error(ErrorCode::kInternal, "signing");
  }
  signature.resize(size);
  if (is_ecdsa(kind)) return ecdsa_signature_to_raw(signature, kind);
  return signature;
}

}  // namespace adyton
