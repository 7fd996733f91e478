// SPDX-License-Identifier: Apache-2.0
// Files of the host that the manifest has the digest of: each has its place from the start, is read whole, once, before
// a byte of it is used, and is a file in memory from then on.
#pragma once

#include <cstdint>

#include "keep/paths.h"

namespace adyton::keep {

// Makes their places, with the folders above them.
void list_host_files(Kernel& kernel);
// If `path` leads to such a place where nothing was read yet: it is read and checked. 0: there it is, or it is none of
// those; -EIO: it is not what the manifest says.
std::int64_t bring_host_file(Kernel& kernel, const Path& path, bool follow = true);
// `error`, with which looking for `path` ended; the log says why if files.read lists it, without a digest.
std::int64_t not_found(Kernel& kernel, const char* path, std::int64_t error);

// The folders above `path` in memory, as far as they are not there.
std::int64_t make_folders(Kernel& kernel, const char* path);

}  // namespace adyton::keep
