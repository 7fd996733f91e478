// SPDX-License-Identifier: Apache-2.0
// Symmetric cryptography, over OpenSSL: digests, key derivation, authenticated encryption, random bytes.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include <adyton/bytes.h>
#include <adyton/identity.h>
#include <adyton/result.h>
#include <adyton/secret.h>

namespace adyton {

using Digest256 = std::array<std::byte, 32>;
using Digest512 = std::array<std::byte, 64>;
Digest256 sha256(BytesView bytes);
Digest384 sha384(BytesView bytes);
Digest512 sha512(BytesView bytes);

// A running SHA-256 or SHA-384. After finish() only to be destroyed.
template <std::size_t kBytes>
class RunningSha {
 public:
  RunningSha();
  ~RunningSha();
  RunningSha(const RunningSha&) = delete;
  RunningSha& operator=(const RunningSha&) = delete;
  void update(BytesView bytes);
  std::array<std::byte, kBytes> finish();

 private:
  void* context_;
};
using Sha256 = RunningSha<32>;
using Sha384 = RunningSha<48>;

// HMAC (RFC 2104): as many bytes as the hash has. Errors: invalid, when the key is empty.
enum class HmacHash : std::uint8_t { kSha256, kSha384, kSha512 };
Result<Bytes> hmac(HmacHash hash, BytesView key, BytesView message);
// Whether `code` is that, compared in constant time. Errors: untrusted, when it is not; invalid, as above.
Result<void> verify_hmac(HmacHash hash, BytesView key, BytesView message, BytesView code);

// HKDF-SHA-384 (RFC 5869) with an empty salt; `size_bytes` at most 255 * 48.
Result<Secret> hkdf(BytesView key, BytesView info, std::size_t size_bytes);

// AES-256-GCM with a 12-byte nonce the caller never repeats under one key. sealed = ciphertext || 16-byte tag.
// Keeps the expanded key; thread-safe if each thread has its own.
class Aead {
 public:
  static constexpr std::size_t kKeyBytes = 32, kNonceBytes = 12, kTagBytes = 16;
  static Result<Aead> make(const Secret& key);
  Aead(Aead&&) noexcept;
  Aead& operator=(Aead&&) noexcept;
  ~Aead();
  Result<Bytes> seal(BytesView nonce, BytesView associated, BytesView plain);
  Result<Bytes> open(BytesView nonce, BytesView associated, BytesView sealed);  // errors: untrusted

 private:
  struct Impl;
  explicit Aead(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// For the start of an enclave, before anything else of OpenSSL runs: this process's OpenSSL never reads openssl.cnf,
// which the host could have written. (What this room does is not touched by that file in any case; a program's own use
// of OpenSSL would be.)
void ignore_openssl_configuration();

// Fills with random bytes from the operating system's generator by way of OpenSSL's.
Result<void> random_bytes(std::span<std::byte> out);

}  // namespace adyton
