// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>

#include "base/error.h"
#include "crypto/crypto.h"
#include "crypto/openssl.h"

namespace adyton {
namespace {

const EVP_CIPHER* aes_256_gcm() {
  static const EVP_CIPHER* const cipher = EVP_CIPHER_fetch(openssl_library(), "AES-256-GCM", nullptr);
  return cipher;
}

// OpenSSL counts in int: longer input goes in several pieces. `out` is null for associated data.
bool update(EVP_CIPHER_CTX* context, std::byte* out, BytesView in) {
  constexpr std::size_t kPiece = std::size_t{1} << 30;
  while (!in.empty()) {
    const BytesView piece = in.first(std::min(in.size(), kPiece));
    int written = 0;
    unsigned char* to = out ? openssl_output(std::span(out, piece.size())) : nullptr;
    if (EVP_CipherUpdate(context, to, &written, openssl_bytes(piece), static_cast<int>(piece.size())) != 1)
      return false;
    in = in.subspan(piece.size());
    if (out) out += piece.size();
  }
  return true;
}

bool finish(EVP_CIPHER_CTX* context) {
  unsigned char nothing[16];
  int written = 0;
  return EVP_CipherFinal_ex(context, nothing, &written) == 1;
}

}  // namespace

// A context for each direction, each with the expanded key: a message then costs one re-initialization with its nonce.
struct Aead::Impl {
  OwnedCipherContext encrypt, decrypt;
};

Aead::Aead(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Aead::Aead(Aead&&) noexcept = default;
Aead& Aead::operator=(Aead&&) noexcept = default;
Aead::~Aead() = default;

Result<Aead> Aead::make(const Secret& key) {
  if (key.size() != kKeyBytes) return invalid("an AES-256 key of {} bytes: {} are needed", key.size(), kKeyBytes);
  auto impl = std::make_unique<Impl>();
  impl->encrypt.reset(EVP_CIPHER_CTX_new());
  impl->decrypt.reset(EVP_CIPHER_CTX_new());
  const unsigned char* bytes = openssl_bytes(key.expose());
  if (!aes_256_gcm() || !impl->encrypt || !impl->decrypt ||
      EVP_EncryptInit_ex2(impl->encrypt.get(), aes_256_gcm(), bytes, nullptr, nullptr) != 1 ||
      EVP_DecryptInit_ex2(impl->decrypt.get(), aes_256_gcm(), bytes, nullptr, nullptr) != 1) {
    return openssl_error(ErrorCode::kInternal, "AES-256-GCM cannot be had");
  }
  return Aead(std::move(impl));
}

Result<Bytes> Aead::seal(BytesView nonce, BytesView associated, BytesView plain) {
  if (nonce.size() != kNonceBytes) return invalid("a nonce of {} bytes: {} are needed", nonce.size(), kNonceBytes);
  EVP_CIPHER_CTX* context = impl_->encrypt.get();
  Bytes sealed(plain.size() + kTagBytes);
  if (EVP_EncryptInit_ex2(context, nullptr, nullptr, openssl_bytes(nonce), nullptr) != 1 ||
      !update(context, nullptr, associated) || !update(context, sealed.data(), plain) || !finish(context) ||
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, kTagBytes, sealed.data() + plain.size()) != 1) {
    return openssl_error(ErrorCode::kInternal, "sealing");
  }
  return sealed;
}

Result<Bytes> Aead::open(BytesView nonce, BytesView associated, BytesView sealed) {
  if (nonce.size() != kNonceBytes) return invalid("a nonce of {} bytes: {} are needed", nonce.size(), kNonceBytes);
  if (sealed.size() < kTagBytes) return untrusted("sealed data of {} bytes: too short to be genuine", sealed.size());
  EVP_CIPHER_CTX* context = impl_->decrypt.get();
  const BytesView cipher_text = sealed.first(sealed.size() - kTagBytes);
  Bytes tag = to_bytes(sealed.last(kTagBytes));  // OpenSSL wants mutable memory, and reads only
  Bytes plain(cipher_text.size());
  if (EVP_DecryptInit_ex2(context, nullptr, nullptr, openssl_bytes(nonce), nullptr) != 1 ||
      !update(context, nullptr, associated) || !update(context, plain.data(), cipher_text) ||
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, kTagBytes, tag.data()) != 1 || !finish(context)) {
    wipe(plain);
    return openssl_error(ErrorCode::kUntrusted, "sealed data was altered, or sealed with another key");
  }
  return plain;
}

}  // namespace adyton
