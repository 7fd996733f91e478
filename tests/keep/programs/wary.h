// SPDX-License-Identifier: Apache-2.0
// What the program wary_unsafe.cc and the host that tests it both know.
#pragma once

#include <cstddef>
#include <cstdint>

inline constexpr std::uint64_t kWarySecret = 0x5ec7e7a11ced0c0d;
inline constexpr std::size_t kWaryMemoryBytes = 65536;  // of the host, which it maps
inline constexpr std::uint16_t kWaryPort = 4433;        // which the manifest of wary_requests.cc has
inline constexpr const char* kWaryFile = "/wary/file";  // likewise, with a digest
