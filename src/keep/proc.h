// SPDX-License-Identifier: Apache-2.0
// What there is of /proc and /dev/fd: made when it is opened, of what the keep kernel itself knows.
#pragma once

#include <cstdint>

#include "keep/kernel.h"

namespace adyton::keep {

// Whether `path` is one of the files below; links and descriptors are not.
[[nodiscard]] bool proc_file(const char* path);
// Its content, as a file in no folder, open once; or minus errno.
std::int64_t open_proc_file(Kernel& kernel, const char* path);
// The descriptor that `path` names; -1.
std::int64_t descriptor_in(const char* path);
// Whether `path` names a descriptor (/dev/fd/0, /proc/self/fd/0, /dev/stdin); `result` is then a duplicate of it.
bool open_descriptor_again(Kernel& kernel, const char* path, std::int64_t& result);
// What readlink() says of a link in /proc/self; 0: `path` is none.
std::int64_t proc_link(Kernel& kernel, const char* path, char* to, std::uint64_t room);

}  // namespace adyton::keep
