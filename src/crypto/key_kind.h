// SPDX-License-Identifier: Apache-2.0
// What differs between the kinds of keys, in OpenSSL's terms. Included by this room's sources only.
#pragma once

#include "crypto/keys.h"
#include "crypto/openssl.h"

namespace adyton {

// The kind of a key OpenSSL read. Errors: invalid, for all other kinds, curves, sizes and exponents.
Result<KeyKind> kind_of(EVP_PKEY* key);

Result<OwnedKey> generate_key(KeyKind kind);

// The digest that belongs to the kind's one algorithm; null for EdDSA, which brings its own.
const char* digest_name(KeyKind kind);

// RSA: PSS with a salt as long as the digest (RFC 8230, 2). Others: nothing to set.
Result<void> set_padding(EVP_PKEY_CTX* context, KeyKind kind);

bool is_ecdsa(KeyKind kind);
std::size_t raw_signature_bytes(KeyKind kind);  // of ECDSA kinds
Result<Bytes> ecdsa_signature_to_der(BytesView raw);

}  // namespace adyton
