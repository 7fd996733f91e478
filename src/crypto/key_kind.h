// SPDX-License-Identifier: Apache-2.0
// What differs between the kinds of keys, in OpenSSL's terms. Included by this room's sources only.
#pragma once

#include "crypto/keys.h"
#include "crypto/openssl.h"
#include "crypto/signature.h"

namespace adyton {

// The kind of a key OpenSSL read. Errors: invalid, for all other kinds, curves, sizes and exponents.
Result<KeyKind> kind_of(EVP_PKEY* key);

Result<OwnedKey> generate_key(KeyKind kind);

// The kind's one algorithm, and its type of key.
SignatureAlgorithm algorithm_of(KeyKind kind);
KeyType type_of(KeyKind kind);

}  // namespace adyton
