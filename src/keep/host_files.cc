// SPDX-License-Identifier: Apache-2.0
#include "keep/host_files.h"

#include <asm/errno.h>
#include <linux/fcntl.h>

#include "keep/host_interface.h"
#include "keep/sha256.h"

namespace adyton::keep {
namespace {

constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 30;

// The host's bytes into the node, until the host says that it is the end. Minus errno if something goes wrong.
std::int64_t read_whole(Kernel& kernel, const ThreadState& thread, const char* path, std::uint32_t node) {
  std::uint64_t size = 0;
  while (true) {
    const std::uint64_t length = length_of(path);
    copy_to_host(thread.host_page, path, length);
    const std::int64_t given =
        checked_result(ask_host(KeepRequest::kReadFile, length, size).result, HostPage::kDataBytes);
    if (given <= 0) return given;
    const std::uint64_t bytes = static_cast<std::uint64_t>(given);
    if (size + bytes > kMostBytes) return -EFBIG;
    for (std::uint64_t done = 0; done < bytes;) {
      std::uint64_t part[64];
      const std::uint64_t count = bytes - done < sizeof(part) ? bytes - done : sizeof(part);
      copy_from_host(part, thread.host_page + done, count);
      const std::int64_t written = kernel.files.write(node, size + done, part, count);
      if (written < 0) return written;
      done += count;
    }
    size += bytes;
  }
}

// Reads it into a file of its own first: nobody sees a byte that is not checked.
std::int64_t read_listed(Kernel& kernel, std::uint32_t listed, std::uint32_t node) {
  char path[kMostPath];
  std::uint8_t wanted[32], found[32];
  if (!kernel.manifest.file_sha256(listed - 1, path, sizeof(path), wanted)) return -EIO;
  const ThreadState& thread = current_thread();
  const std::int64_t made = kernel.files.make_nameless(0, {});
  if (made < 0) return made;
  const auto copy = static_cast<std::uint32_t>(made);
  std::int64_t error = read_whole(kernel, thread, path, copy);
  if (error == 0) {
    Node read;
    kernel.files.describe(copy, read);
    sha256(at<const void>(read.data), read.size, found);
    if (__builtin_memcmp(wanted, found, sizeof(found)) != 0) {
      log(thread, Line() << "adyton: " << path << ": not the file whose SHA-256 the manifest has\n");
      error = -EIO;
    }
  }
  if (error == 0) kernel.files.fill_listed(node, copy);
  kernel.files.close(copy);
  return error;
}

}  // namespace

std::int64_t not_found(Kernel& kernel, const char* path, std::int64_t error) {
  constexpr std::uint32_t kMost = 16;  // a program that looks for many does not flood the log
  if (error == -ENOENT && path[0] == '/' && kernel.manifest.reads(path) &&
      __atomic_fetch_add(&kernel.named_files, 1, __ATOMIC_RELAXED) < kMost) {
    log(current_thread(), Line() << "adyton: " << path
                                 << ": files.read lists it, but on SGX only files are there whose SHA-256 "
                                 << "sgx.file_sha256 has\n");
  }
  return error;
}

std::int64_t make_folders(Kernel& kernel, const char* path) {
  char above[kMostPath];
  for (std::uint64_t index = 1; path[index] != 0; ++index) {
    if (path[index] != '/') continue;
    __builtin_memcpy(above, path, index);
    above[index] = 0;
    const std::int64_t made = kernel.files.make_folder(FileSystem::kRoot, above, 0755, {});
    if (made < 0 && made != -EEXIST) return made;
  }
  return 0;
}

// One that cannot be there, below a file or an entry of files.write, is left out.
void list_host_files(Kernel& kernel) {
  char path[kMostPath];
  std::uint8_t digest[32];
  for (std::uint32_t index = 0; kernel.manifest.file_sha256(index, path, sizeof(path), digest); ++index) {
    if (path[0] != '/' || make_folders(kernel, path) < 0) continue;
    if (kernel.files.make_listed(path, index + 1) > 0) kernel.lists_files = true;
  }
}

std::int64_t bring_host_file(Kernel& kernel, const Path& path, bool follow) {
  if (!kernel.lists_files) return 0;
  const std::int64_t opened = kernel.files.open(path.folder, path.text, follow ? 0 : O_NOFOLLOW, 0, {});
  if (opened < 0) return 0;
  const auto node = static_cast<std::uint32_t>(opened);
  Node known;
  kernel.files.describe(node, known);
  const std::int64_t error = known.listed != 0 ? read_listed(kernel, known.listed, node) : 0;
  kernel.files.close(node);
  return error;
}

}  // namespace adyton::keep
