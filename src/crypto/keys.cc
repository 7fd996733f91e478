// SPDX-License-Identifier: Apache-2.0
#include "crypto/keys.h"

#include <algorithm>

#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/error.h"
#include "crypto/crypto.h"
#include "crypto/key_kind.h"
#include "crypto/openssl.h"
#include "crypto/signature_algorithm.h"
#include "crypto/x509.h"

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

}  // namespace

struct PublicKey::Impl {
  VerifyingKey key;
  KeyKind kind;
};

struct PrivateKey::Impl {
  OwnedKey key;
  PublicKey public_key;
};

namespace {

// Takes any key OpenSSL could read; refuses what is not one of the kinds of KeyKind.
Result<std::shared_ptr<const PublicKey::Impl>> public_impl(EVP_PKEY* key) {
  const KeyKind kind = TRY(kind_of(key));
  VerifyingKey verifying = TRY(VerifyingKey::parse_spki(TRY(encode_public_key(key))));
  return std::make_shared<const PublicKey::Impl>(std::move(verifying), kind);
}

Result<PrivateKey> private_key(OwnedKey key) {
  PublicKey public_key(TRY(public_impl(key.get())));
  return PrivateKey(std::make_shared<const PrivateKey::Impl>(std::move(key), std::move(public_key)));
}

}  // namespace

Result<PublicKey> PublicKey::parse_der(BytesView spki) {
  if (spki.size() > kMaxPemBytes) return invalid("a public key of {} bytes", spki.size());
  const unsigned char* cursor = openssl_bytes(spki);
  OwnedKey key(d2i_PUBKEY_ex(nullptr, &cursor, static_cast<long>(spki.size()), openssl_library(), nullptr));
  if (!key) return openssl_error(ErrorCode::kInvalid, "not a public key (DER SubjectPublicKeyInfo)");
  PublicKey out(TRY(public_impl(key.get())));
  if (!std::ranges::equal(out.impl_->key.spki(), spki)) {
    return invalid("a public key in an encoding other than the usual one: its fingerprint would not be unique");
  }
  return out;
}

Result<PublicKey> PublicKey::parse_pem(std::string_view pem) {
  const OwnedBio bio = TRY(bio_of(pem));
  OwnedKey key(PEM_read_bio_PUBKEY_ex(bio.get(), nullptr, no_passphrase, nullptr, openssl_library(), nullptr));
  if (!key) return openssl_error(ErrorCode::kInvalid, "not a public key (PEM, \"BEGIN PUBLIC KEY\")");
  return PublicKey(TRY(public_impl(key.get())));
}

KeyKind PublicKey::kind() const { return impl_->kind; }
Bytes PublicKey::der() const { return to_bytes(impl_->key.spki()); }
Digest384 PublicKey::fingerprint() const { return sha384(impl_->key.spki()); }
std::string PublicKey::pem() const { return to_pem("PUBLIC KEY", impl_->key.spki()); }

Result<void> PublicKey::verify(BytesView message, BytesView signature) const {
  return impl_->key.verify(algorithm_of(kind()), message, signature, EcdsaForm::kRaw);
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
  return sign_with(impl_->key.get(), type_of(kind), algorithm_of(kind), message, EcdsaForm::kRaw);
}

Result<Bytes> PrivateKey::sign_pkcs1_sha256(BytesView message) const {
  return sign_with(impl_->key.get(), type_of(impl_->public_key.kind()), SignatureAlgorithm::kRsaPkcs1Sha256, message,
                   EcdsaForm::kRaw);
}

}  // namespace adyton
