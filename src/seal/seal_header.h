// SPDX-License-Identifier: Apache-2.0
// What stands in clear before everything sealed: by whom and for whom it was sealed, so that a refusal can say why.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include <adyton/bytes.h>
#include <adyton/identity.h>
#include <adyton/result.h>
#include <adyton/secret.h>
#include <adyton/self.h>

namespace adyton {

enum class SealKind : std::uint8_t { kBlob = 1, kStore = 2 };

inline constexpr std::size_t kSealSaltBytes = 32;
inline constexpr std::size_t kSealCheckBytes = 16;
inline constexpr std::size_t kSealHeaderMaxBytes = 8 + 8 + 1 + 32 + 1 + 64 + 48 + kSealSaltBytes + kSealCheckBytes;
using SealSalt = std::array<std::byte, kSealSaltBytes>;

// docs/formats/sealed.md, "Header". Nothing in it is authentic before the key it leads to has opened something.
struct SealHeader {
  SealKind kind = SealKind::kBlob;
  SealPolicy policy = SealPolicy::kImage;
  bool debug = false;
  std::uint16_t svn = 0;
  std::uint16_t product = 0;
  std::string backend;  // 1 to 32 bytes
  std::string label;    // 1 to 64 bytes
  Digest384 owner{};    // the image (kImage) or the signer (kSigner)
  SealSalt salt{};      // random: makes the key this header's own
};

// A header and the 32-byte key for what follows it.
struct SealedHead {
  SealHeader header;
  Bytes encoded;
  Secret key;
};

// A header for what `keys` is about to seal, with a key never used before. Errors: invalid (label), of `keys`.
Result<SealedHead> make_sealed_head(const KeySource& keys, SealKind kind, SealPolicy policy, std::string_view label);

// The header at the start of `bytes`, and its key if `keys` may have it. Errors: invalid (no header, cut short, a newer
// format), denied (sealed by or for someone else, said in words), untrusted (not a key of this machine, or altered).
Result<SealedHead> open_sealed_head(const KeySource& keys, SealKind kind, SealPolicy policy, std::string_view label,
                                    BytesView bytes);

}  // namespace adyton
