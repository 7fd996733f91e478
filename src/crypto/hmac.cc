// SPDX-License-Identifier: Apache-2.0
#include <openssl/crypto.h>

#include "base/error.h"
#include "crypto/crypto.h"
#include "crypto/openssl.h"

namespace adyton {

Result<Bytes> hmac(HmacHash hash, BytesView key, BytesView message) {
  if (key.empty()) return invalid("a message authentication code with an empty key");
  const char* digest = hash == HmacHash::kSha256 ? "SHA2-256" : hash == HmacHash::kSha384 ? "SHA2-384" : "SHA2-512";
  Bytes out(64);
  std::size_t size = 0;
  if (!EVP_Q_mac(openssl_library(), "HMAC", nullptr, digest, nullptr, key.data(), key.size(), openssl_bytes(message),
                 message.size(), openssl_output(out), out.size(), &size)) {
    return openssl_error(ErrorCode::kInternal, "computing an HMAC");
  }
  out.resize(size);
  return out;
}

Result<void> verify_hmac(HmacHash hash, BytesView key, BytesView message, BytesView code) {
  const Bytes expected = TRY(hmac(hash, key, message));
  if (code.size() != expected.size() || CRYPTO_memcmp(code.data(), expected.data(), expected.size()) != 0) {
    return untrusted("the message authentication code does not fit");
  }
  return {};
}

}  // namespace adyton
