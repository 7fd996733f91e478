// SPDX-License-Identifier: Apache-2.0
// AES-128-CMAC (RFC 4493), which SGX makes its keys and report codes with. Adyton uses it for nothing else.
#pragma once

#include <array>

#include <adyton/bytes.h>
#include <adyton/result.h>

namespace adyton {

using Cmac = std::array<std::byte, 16>;

// Errors: invalid, unless the key has 16 bytes; internal.
Result<Cmac> aes128_cmac(BytesView key, BytesView message);

}  // namespace adyton
