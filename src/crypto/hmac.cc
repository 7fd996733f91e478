// SPDX-License-Identifier: Apache-2.0
#include <openssl/crypto.h>

#include "base/error.h"
#include "crypto/crypto.h"
#include "crypto/openssl.h"

namespace adyton {

Result<void> verify_hmac(HmacHash hash, BytesView key, BytesView message, BytesView code) {
  if (key.empty()) return invalid("a message authentication code with an empty key");
  const char* digest = hash == HmacHash::kSha256 ? "SHA2-256" : hash == HmacHash::kSha384 ? "SHA2-384" : "SHA2-512";
  std::array<std::byte, 64> expected;
  std::size_t size = 0;
  if (!EVP_Q_mac(openssl_library(), "HMAC", nullptr, digest, nullptr, key.data(), key.size(), openssl_bytes(message),
                 message.size(), openssl_output(expected), expected.size(), &size)) {
    return openssl_error(ErrorCode::kInternal, "computing an HMAC");
  }
  const bool same = code.size() == size && CRYPTO_memcmp(code.data(), expected.data(), size) == 0;
  OPENSSL_cleanse(expected.data(), expected.size());
  if (!same) return untrusted("the message authentication code does not fit");
  return {};
}

}  // namespace adyton
