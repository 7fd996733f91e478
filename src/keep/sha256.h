// SPDX-License-Identifier: Apache-2.0
// SHA-256 (FIPS 180-4), for what the host gives and the manifest has the digest of. The keep kernel has no library.
#pragma once

#include <cstdint>

namespace adyton::keep {

void sha256(const void* bytes, std::uint64_t count, std::uint8_t (&digest)[32]);

}  // namespace adyton::keep
