// SPDX-License-Identifier: Apache-2.0
#include "keep/paths.h"

#include <asm/errno.h>
#include <linux/fcntl.h>

#include "keep/text.h"

namespace adyton::keep {

std::int64_t take_path(Kernel& kernel, std::uint64_t at_descriptor, std::uint64_t address, Path& path) {
  const std::int64_t length = kernel.user.copy_string(address, path.text, sizeof(path.text));
  if (length < 0) return length;
  path.from = {};
  if (path.text[0] != '/') {
    const bool here = static_cast<std::int32_t>(at_descriptor) == AT_FDCWD;
    path.from = here ? Held::folder(kernel) : Held(kernel, at_descriptor);
    if (!here && !path.from) return -EBADF;
    if (!here && path.from->kind != FileKind::kFolder) return -ENOTDIR;
  }
  path.folder = folder_of(path.from);
  return 0;
}

std::int64_t lead_out(Kernel& kernel, Path& path, bool follow) {
  WayOut out;
  if (const std::int64_t error = kernel.files.find_way_out(path.folder, path.text, follow, out); error < 0) {
    return error;
  }
  if (out.entry == 0) return 0;
  path.entry = out.entry;
  path.entry_node = out.entry_node;
  path.must_be_folder = out.must_be_folder;
  __builtin_memcpy(path.text, out.rest, length_of(out.rest) + 1);
  return 1;
}

bool device(const char* path, OpenFile& file) {
  if (same(path, "/dev/null") || same(path, "/dev/zero")) {
    file.kind = FileKind::kZeros;
    file.object = path[5] == 'z' ? 1 : 0;
  } else if (same(path, "/dev/urandom") || same(path, "/dev/random")) {
    file.kind = FileKind::kRandom;
  } else {
    return false;
  }
  return true;
}

}  // namespace adyton::keep
