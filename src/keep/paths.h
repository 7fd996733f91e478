// SPDX-License-Identifier: Apache-2.0
// Paths that system calls are given, and what of them is no file of the file system.
#pragma once

#include <cstdint>

#include "keep/held.h"
#include "keep/kernel.h"

namespace adyton::keep {

struct Path {
  Held from;                 // whose folder that is; nothing: the root
  std::uint32_t folder = 0;  // where a relative one begins
  char text[kMostPath];
  // After lead_out(): the entry of the host's that it leads to, and how it goes on there in `text`.
  std::uint32_t entry = 0, entry_node = 0;
  bool must_be_folder = false;
};

// 0, or what is wrong.
std::int64_t take_path(Kernel& kernel, std::uint64_t at_descriptor, std::uint64_t address, Path& path);
// Whether a path that was taken leads to a file of the host's (shared_files.h): 1, 0, or what is wrong.
std::int64_t lead_out(Kernel& kernel, Path& path, bool follow = true);
// The few files that are none: /dev/null and the others.
bool device(const char* path, OpenFile& file);
inline std::uint32_t node_of(const OpenFile& file) { return static_cast<std::uint32_t>(file.object); }
// Of chdir()'s folder, as Held::folder() has it.
inline std::uint32_t folder_of(const Held& folder) { return folder ? node_of(*folder) : FileSystem::kRoot; }

}  // namespace adyton::keep
