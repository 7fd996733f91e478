// SPDX-License-Identifier: Apache-2.0
// OpenSSL's objects as owners, and bytes as OpenSSL wants them.
#pragma once

#include <memory>

#include <openssl/err.h>
#include <openssl/evp.h>

#include <adyton/bytes.h>

namespace device_ca {

template <auto kFree>
struct OpensslFree {
  template <class T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using OwnedKey = std::unique_ptr<EVP_PKEY, OpensslFree<EVP_PKEY_free>>;
using OwnedKeyContext = std::unique_ptr<EVP_PKEY_CTX, OpensslFree<EVP_PKEY_CTX_free>>;
using OwnedDigestContext = std::unique_ptr<EVP_MD_CTX, OpensslFree<EVP_MD_CTX_free>>;

// SAFETY: unsigned char may alias any object; the extent stays with the caller.
inline const unsigned char* raw(adyton::BytesView bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

// SAFETY: as above.
inline unsigned char* raw_output(std::span<std::byte> bytes) { return reinterpret_cast<unsigned char*>(bytes.data()); }

}  // namespace device_ca
