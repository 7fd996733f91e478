// SPDX-License-Identifier: Apache-2.0
#include "crypto/cmac.h"

#include "base/error.h"
#include "crypto/openssl.h"

namespace adyton {

Result<Cmac> aes128_cmac(BytesView key, BytesView message) {
  Cmac out;
  if (key.size() != out.size()) return invalid("AES-128-CMAC takes a key of 16 bytes, not of {}", key.size());
  std::size_t size = 0;
  if (!EVP_Q_mac(openssl_library(), "CMAC", nullptr, "AES-128-CBC", nullptr, key.data(), key.size(),
                 openssl_bytes(message), message.size(), openssl_output(out), out.size(), &size) ||
      size != out.size()) {
    return openssl_error(ErrorCode::kInternal, "computing a CMAC");
  }
  return out;
}

}  // namespace adyton
