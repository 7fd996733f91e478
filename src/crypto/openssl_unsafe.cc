// SPDX-License-Identifier: Apache-2.0
#include "crypto/openssl.h"

#include <openssl/crypto.h>
#include <openssl/err.h>

#include "base/error.h"
#include "crypto/crypto.h"

namespace adyton {

OSSL_LIB_CTX* openssl_library() {
  static OSSL_LIB_CTX* const library = OSSL_LIB_CTX_new();
  return library;
}

void ignore_openssl_configuration() { OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr); }

// SAFETY: unsigned char may alias any object, and the extent is passed on unchanged by the callers.
const unsigned char* openssl_bytes(BytesView bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); }

// SAFETY: as above.
unsigned char* openssl_output(std::span<std::byte> bytes) { return reinterpret_cast<unsigned char*>(bytes.data()); }

Error openssl_error(ErrorCode code, std::string_view what) {
  const unsigned long reason = ERR_peek_last_error();
  const char* text = ERR_reason_error_string(reason);
  ERR_clear_error();
  return make_error(code, "{}{}{}", what, text ? ": " : "", text ? text : "");
}

}  // namespace adyton
