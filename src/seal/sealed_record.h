// SPDX-License-Identifier: Apache-2.0
// One sealed piece of something larger: encrypted under a key of its own, so that no nonce can ever repeat.
#pragma once

#include <adyton/bytes.h>
#include <adyton/result.h>
#include <adyton/secret.h>
#include "crypto/crypto.h"
#include "seal/seal_header.h"

namespace adyton {

// A record: salt (32) || ciphertext || tag (16). The salt is random, the record's key is derived from `key` and the
// salt, the nonce is zero. A crash, a retry or two writers cannot make two records share a key; and as nobody without
// `key` can make a second record with the salt of a first, a salt names its record.
inline constexpr std::size_t kSealedRecordOverhead = kSealSaltBytes + Aead::kTagBytes;

Result<Bytes> seal_record(const Secret& key, BytesView associated, BytesView plain);

// Errors: untrusted (altered, cut short, other key or `associated`).
Result<Secret> open_record(const Secret& key, BytesView associated, BytesView record);

// The salt of a record of at least kSealSaltBytes.
SealSalt salt_of(BytesView record);

}  // namespace adyton
