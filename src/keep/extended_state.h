// SPDX-License-Identifier: Apache-2.0
// The application's x87, SSE, AVX and AVX-512 registers, which the keep kernel never uses and so are all in place.
#pragma once

#include <cstdint>

namespace adyton::keep {

inline constexpr std::uint64_t kExtendedStateBytes = 2816;  // in the standard form, up to AVX-512

// Requires: kExtendedStateBytes of the application's memory, aligned to 64.
void save_extended_state(void* to);
// As a new program finds it.
void reset_extended_state();
// Bits that would fault are cleared in `from` first.
void restore_extended_state(void* from);

}  // namespace adyton::keep
