// SPDX-License-Identifier: Apache-2.0
// What the program wary_unsafe.cc and the host that tests it both know.
#pragma once

#include <cstddef>
#include <cstdint>

inline constexpr std::uint64_t kWarySecret = 0x5ec7e7a11ced0c0d;
inline constexpr std::size_t kWaryMemoryBytes = 65536;  // of the host, which it maps
