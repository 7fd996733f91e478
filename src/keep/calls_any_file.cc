// SPDX-License-Identifier: Apache-2.0
// What is done with open files, wherever they are: in memory, or at the host.
#include "keep/calls.h"

#include <asm/errno.h>

#include "keep/paths.h"
#include "keep/shared_files.h"

namespace adyton::keep {

std::int64_t read_at(Kernel& kernel, const OpenFile& file, std::uint64_t offset, void* to, std::uint64_t bytes) {
  return file.kind == FileKind::kSharedFile ? read_shared(file.object, offset, to, bytes)
                                            : kernel.files.read(node_of(file), offset, to, bytes);
}

std::int64_t write_at(Kernel& kernel, const OpenFile& file, std::uint64_t offset, const void* from, std::uint64_t bytes,
                      std::uint64_t& end) {
  if (file.kind == FileKind::kSharedFile) return write_shared(file.object, offset, from, bytes, end);
  return kernel.files.write(node_of(file), offset, from, bytes, &end);
}

std::int64_t resize(Kernel& kernel, const OpenFile& file, std::uint64_t bytes) {
  return file.kind == FileKind::kSharedFile ? resize_shared(file.object, bytes)
                                            : kernel.files.resize(node_of(file), bytes);
}

std::int64_t describe(Kernel& kernel, const OpenFile& file, Node& out) {
  if (file.kind == FileKind::kSharedFile) return describe_shared(kernel, file.object, out);
  const std::int64_t error = kernel.files.describe(node_of(file), out);
  return error == 0 && out.host_number != 0 ? describe_shared(kernel, out.host_number, out) : error;
}

// Of the host's it is open there, too; each is open here once.
void close_folder(Kernel& kernel, std::uint32_t node) {
  Node known;
  if (kernel.files.describe(node, known) == 0 && known.host_number != 0) close_shared(kernel, known.host_number);
  kernel.files.close(node);
}

// Of the host's files only one at a time: fsync().
std::int64_t call_syncfs(Kernel& kernel, std::uint64_t fd) {
  const Held file(kernel, fd);
  Node node;
  if (!file) return -EBADF;
  if (file->kind == FileKind::kSharedFile) return -ENOSYS;
  if (file->kind != FileKind::kFolder || kernel.files.describe(node_of(*file), node) < 0) return 0;
  return node.host_number != 0 ? -ENOSYS : 0;
}

}  // namespace adyton::keep
