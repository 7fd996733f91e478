// SPDX-License-Identifier: Apache-2.0
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include "base/error.h"
#include "crypto/crypto.h"
#include "crypto/openssl.h"

namespace adyton {

Result<Secret> hkdf(BytesView key, BytesView info, std::size_t size_bytes) {
  constexpr std::size_t kMaxBytes = 255 * 48;  // RFC 5869, 2.3
  if (size_bytes == 0 || size_bytes > kMaxBytes) {
    return invalid("a derived key of {} bytes was asked for: 1 to {} can be had", size_bytes, kMaxBytes);
  }
  if (key.empty()) return invalid("a key derived from nothing was asked for");
  static EVP_KDF* const kdf = EVP_KDF_fetch(openssl_library(), "HKDF", nullptr);
  const OwnedKdfContext context(kdf ? EVP_KDF_CTX_new(kdf) : nullptr);
  if (!context) return openssl_error(ErrorCode::kInternal, "HKDF cannot be had");

  // OpenSSL's parameters want pointers to mutable memory, and read only.
  std::string digest = "SHA2-384";
  Secret key_copy = Secret::copy_of(key);
  Bytes info_copy = to_bytes(info);
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest.data(), 0),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, key_copy.expose_mutable().data(), key_copy.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info_copy.data(), info_copy.size()),
      OSSL_PARAM_construct_end(),
  };
  Secret out(size_bytes);
  if (EVP_KDF_derive(context.get(), openssl_output(out.expose_mutable()), out.size(), parameters) != 1) {
    return openssl_error(ErrorCode::kInternal, "deriving a key");
  }
  return out;
}

Result<void> random_bytes(std::span<std::byte> out) {
  if (RAND_priv_bytes_ex(openssl_library(), openssl_output(out), out.size(), 0) != 1) {
    return openssl_error(ErrorCode::kUnavailable, "random bytes from the operating system");
  }
  return {};
}

}  // namespace adyton
