// SPDX-License-Identifier: Apache-2.0
// RSA-3072 with the exponent 3, the one kind of key that signs SGX enclaves, and the two quotients by which EINIT
// checks its signatures. Numbers are 384 bytes, big-endian.
#pragma once

#include <adyton/bytes.h>
#include <adyton/result.h>
#include "crypto/keys.h"

namespace adyton {

inline constexpr std::size_t kRsa3072Bytes = 384;

// The modulus. Errors: invalid, for a key of another kind, size or exponent, with the remedy.
Result<Bytes> rsa3072_modulus(const PublicKey& key);

// Whether `signature` is PKCS #1 v1.5 with SHA-256 over `message`. Errors: untrusted; invalid, for a modulus that does
// not have exactly 3072 bits.
Result<void> verify_rsa3072(BytesView modulus, BytesView message, BytesView signature);

// q1 = floor(s^2 / m), q2 = floor((s^3 - q1 * s * m) / m) (SDM 3D, EINIT). Errors: invalid, unless m has 3072 bits and
// s is less.
struct RsaQuotients {
  Bytes q1, q2;
};
Result<RsaQuotients> rsa3072_quotients(BytesView modulus, BytesView signature);

}  // namespace adyton
