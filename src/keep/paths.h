// SPDX-License-Identifier: Apache-2.0
// Paths that system calls are given, and what of them is no file of the file system.
#pragma once

#include <cstdint>

#include "keep/kernel.h"

namespace adyton::keep {

struct Path {
  std::uint32_t folder = 0;  // where a relative one begins
  char text[kMostPath];
};

// The folder of a descriptor or AT_FDCWD; -EBADF, -ENOTDIR.
std::int64_t folder_of(Kernel& kernel, std::uint64_t at_descriptor);
// 0, or what is wrong.
std::int64_t take_path(Kernel& kernel, std::uint64_t at_descriptor, std::uint64_t address, Path& path);
// The few files that are none: /dev/null and the others.
bool device(const char* path, OpenFile& file);
inline std::uint32_t node_of(const OpenFile& file) { return static_cast<std::uint32_t>(file.object); }

}  // namespace adyton::keep
