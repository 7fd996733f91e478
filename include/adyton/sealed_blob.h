// SPDX-License-Identifier: Apache-2.0
// Seals bytes so that only the same enclave, or its successors by the same signer, can open them again.
#pragma once

#include <string_view>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include <adyton/secret.h>
#include <adyton/self.h>

namespace adyton {

// The most bytes one blob holds.
inline constexpr std::size_t kSealedBlobBytes = std::size_t{256} << 20;

// `plain` encrypted and authenticated under a key that only `keys` can give (docs/formats/sealed.md). `label` (1 to 64
// bytes, not secret) says what the blob is for and `associated` is authenticated but not stored: opening takes the
// same of both. Every call draws a fresh key, so any number of blobs may be sealed. Thread-safe. Errors: invalid
// (label, size), and those of `keys`.
//   Bytes file = TRY(seal(adyton::self(), SealPolicy::kSigner, "settings", text));
Result<Bytes> seal(const KeySource& keys, SealPolicy policy, std::string_view label, BytesView plain,
                   BytesView associated = {});

// What was sealed. A refusal says why in words. Errors: denied (sealed by another back-end, image, signer, product, or
// a newer svn, or for another label or policy), untrusted (altered, or sealed on another machine), invalid (no sealed
// blob, cut short, of a newer format).
Result<Secret> unseal(const KeySource& keys, SealPolicy policy, std::string_view label, BytesView sealed,
                      BytesView associated = {});

}  // namespace adyton
