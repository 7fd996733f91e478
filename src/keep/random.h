// SPDX-License-Identifier: Apache-2.0
// Random bytes from the processor: RDRAND, tried again when it has none. The host has no part in it.
#pragma once

#include <cstddef>

namespace adyton::keep {

// False if the processor gives none; the buffer is zero then.
[[nodiscard]] bool fill_random(void* buffer, std::size_t bytes);

}  // namespace adyton::keep
