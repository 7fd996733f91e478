// SPDX-License-Identifier: Apache-2.0
// What formats ask of their reserved bytes.
#pragma once

#include <algorithm>

#include <adyton/bytes.h>

namespace adyton {

inline bool all_zero(BytesView bytes) {
  return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; });
}

}  // namespace adyton
