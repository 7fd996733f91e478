// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>

#include "crypto/crypto.h"
#include "crypto/openssl.h"

namespace adyton {
namespace {

// Fetched once: a fetch by name costs more than hashing a short message. A machine on which OpenSSL cannot give SHA-2
// (or has no memory for a context) cannot run anything here; there is no error to return to.
const EVP_MD* fetch(const char* name) {
  const EVP_MD* md = EVP_MD_fetch(openssl_library(), name, nullptr);
  if (!md) std::abort();
  return md;
}

const EVP_MD* sha256_algorithm() {
  static const EVP_MD* const md = fetch("SHA2-256");
  return md;
}

const EVP_MD* sha384_algorithm() {
  static const EVP_MD* const md = fetch("SHA2-384");
  return md;
}

const EVP_MD* sha512_algorithm() {
  static const EVP_MD* const md = fetch("SHA2-512");
  return md;
}

template <std::size_t N>
std::array<std::byte, N> digest(const EVP_MD* md, BytesView bytes) {
  std::array<std::byte, N> out;
  if (EVP_Digest(bytes.data(), bytes.size(), openssl_output(out), nullptr, md, nullptr) != 1) std::abort();
  return out;
}

EVP_MD_CTX* context_of(void* context) { return static_cast<EVP_MD_CTX*>(context); }

}  // namespace

Digest256 sha256(BytesView bytes) { return digest<32>(sha256_algorithm(), bytes); }
Digest384 sha384(BytesView bytes) { return digest<48>(sha384_algorithm(), bytes); }
Digest512 sha512(BytesView bytes) { return digest<64>(sha512_algorithm(), bytes); }

template <std::size_t kBytes>
RunningSha<kBytes>::RunningSha() : context_(EVP_MD_CTX_new()) {
  const EVP_MD* md = kBytes == 32 ? sha256_algorithm() : sha384_algorithm();
  if (!context_ || EVP_DigestInit_ex2(context_of(context_), md, nullptr) != 1) std::abort();
}

template <std::size_t kBytes>
RunningSha<kBytes>::~RunningSha() {
  EVP_MD_CTX_free(context_of(context_));
}

template <std::size_t kBytes>
void RunningSha<kBytes>::update(BytesView bytes) {
  if (EVP_DigestUpdate(context_of(context_), bytes.data(), bytes.size()) != 1) std::abort();
}

template <std::size_t kBytes>
std::array<std::byte, kBytes> RunningSha<kBytes>::finish() {
  std::array<std::byte, kBytes> out;
  if (EVP_DigestFinal_ex(context_of(context_), openssl_output(out), nullptr) != 1) std::abort();
  return out;
}

template class RunningSha<32>;
template class RunningSha<48>;

}  // namespace adyton
