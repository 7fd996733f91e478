// SPDX-License-Identifier: Apache-2.0
// OpenSSL's objects as owners, and the one library context Adyton uses. Included by this room's sources only.
//
// The context is Adyton's own: unlike the default one it takes nothing from openssl.cnf, so nothing on the (hostile)
// host's disk can make an enclave use another provider.
#pragma once

#include <memory>
#include <string_view>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>

#include <adyton/bytes.h>
#include <adyton/result.h>

namespace adyton {

template <auto kFree>
struct OpenSslFree {
  template <class T>
  void operator()(T* object) const {
    kFree(object);
  }
};
template <class T, auto kFree>
using OpenSslOwner = std::unique_ptr<T, OpenSslFree<kFree>>;

using OwnedBio = OpenSslOwner<BIO, BIO_free>;
using OwnedCipherContext = OpenSslOwner<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;
using OwnedDigestContext = OpenSslOwner<EVP_MD_CTX, EVP_MD_CTX_free>;
using OwnedKdfContext = OpenSslOwner<EVP_KDF_CTX, EVP_KDF_CTX_free>;
using OwnedKey = OpenSslOwner<EVP_PKEY, EVP_PKEY_free>;
using OwnedKeyContext = OpenSslOwner<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;

// Made on first use, never freed. Thread-safe.
OSSL_LIB_CTX* openssl_library();

// OpenSSL's bytes are unsigned char.
const unsigned char* openssl_bytes(BytesView bytes);
unsigned char* openssl_output(std::span<std::byte> bytes);

// `code`: "what: OpenSSL's reason", and OpenSSL's error queue of this thread emptied.
Error openssl_error(ErrorCode code, std::string_view what);

}  // namespace adyton
