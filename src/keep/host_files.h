// SPDX-License-Identifier: Apache-2.0
// Files of the host that the manifest has the digest of: each is read whole, once, before a byte of it is used, and is
// a file in memory from then on.
#pragma once

#include <cstdint>

#include "keep/kernel.h"

namespace adyton::keep {

// If the manifest has a digest for `path`, and there is no such file in memory: it is read, checked and put there.
// 0: there it is, or it is none of those; -EIO: it is not what the manifest says.
std::int64_t bring_host_file(Kernel& kernel, const char* path);
// `error`, with which looking for `path` ended; the log says why if files.read lists it, without a digest.
std::int64_t not_found(Kernel& kernel, const char* path, std::int64_t error);

// The folders above `path` in memory, as far as they are not there.
std::int64_t make_folders(Kernel& kernel, const char* path);

}  // namespace adyton::keep
