// SPDX-License-Identifier: Apache-2.0
// What a file is: stat() and its like.
#include <asm/errno.h>
#include <asm/stat.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "keep/calls.h"
#include "keep/host_files.h"
#include "keep/paths.h"
#include "keep/proc.h"
#include "keep/shared_files.h"

namespace adyton::keep {
namespace {

constexpr unsigned long kFirstTerminal = 136 << 8;  // /dev/pts/0
constexpr unsigned long kFirstSharedDevice = 15;    // each entry of files.write is one

struct stat stat_of(const Node& node) {
  struct stat out{};
  out.st_dev = node.entry == 0 ? 1 : kFirstSharedDevice + node.entry;
  out.st_ino = node.number;
  out.st_nlink = node.parent == 0 ? 0 : 1 + node.folder;
  out.st_mode = (node.folder != 0 ? S_IFDIR : node.link != 0 ? S_IFLNK : S_IFREG) | node.mode;
  out.st_uid = out.st_gid = 1000;
  out.st_size = static_cast<long>(node.size);
  out.st_blksize = kPage;
  out.st_blocks = static_cast<long>((node.size + 511) / 512);
  out.st_atime = out.st_mtime = out.st_ctime = static_cast<unsigned long>(node.changed.seconds);
  out.st_atime_nsec = out.st_mtime_nsec = out.st_ctime_nsec = static_cast<unsigned long>(node.changed.nanoseconds);
  return out;
}

struct stat stat_of_stream(FileKind kind) {
  struct stat out{};
  out.st_dev = 2;
  out.st_ino = static_cast<unsigned long>(kind) + 1;
  out.st_nlink = 1;
  out.st_mode = (kind == FileKind::kZeros || kind == FileKind::kRandom ? S_IFCHR : S_IFIFO) | 0600;
  if (kind == FileKind::kFile) out.st_mode = S_IFREG | 0444;  // of /proc
  out.st_uid = out.st_gid = 1000;
  out.st_blksize = kPage;
  return out;
}

std::int64_t describe(Kernel& kernel, std::uint64_t at_descriptor, std::uint64_t path_address, std::uint64_t flags,
                      struct stat& out) {
  const char* first = path_address != 0 ? kernel.user.in<char>(path_address) : nullptr;
  if ((flags & AT_EMPTY_PATH) != 0 && (path_address == 0 || (first != nullptr && *first == 0)) &&
      static_cast<std::int32_t>(at_descriptor) != AT_FDCWD) {
    const Held file(kernel, at_descriptor);
    if (!file) return -EBADF;
    if (!is_file_or_folder(*file)) {
      out = stat_of_stream(file->kind);
      if (terminal_of(*file).is_one) {
        out.st_mode = S_IFCHR | 0620;
        out.st_rdev = kFirstTerminal;
      }
      if (file->kind == FileKind::kHostMemory) {
        out.st_mode = S_IFREG | 0600;
        out.st_size = static_cast<long>(kernel.host_memory.bytes());
      }
      return 0;
    }
    Node node;
    const std::int64_t error = keep::describe(kernel, *file, node);
    if (error == 0) out = stat_of(node);
    return error;
  }
  Path path;
  if (const std::int64_t error = take_path(kernel, at_descriptor, path_address, path); error < 0) return error;
  OpenFile special;
  if (device(path.text, special)) {
    out = stat_of_stream(special.kind);
    return 0;
  }
  char target[64];
  if (const std::int64_t length = proc_link(kernel, path.text, target, sizeof(target)); length > 0) {
    const std::int64_t descriptor = descriptor_in(path.text);
    if ((flags & AT_SYMLINK_NOFOLLOW) == 0 && descriptor >= 0) {
      return describe(kernel, static_cast<std::uint64_t>(descriptor), 0, AT_EMPTY_PATH, out);
    }
    out = stat_of_stream(FileKind::kFile);
    if ((flags & AT_SYMLINK_NOFOLLOW) != 0) {
      out.st_mode = S_IFLNK | 0777;
      out.st_size = length;
    }
    return 0;
  }
  if (proc_file(path.text)) {
    out = stat_of_stream(FileKind::kFile);
    return 0;
  }
  const bool follow = (flags & AT_SYMLINK_NOFOLLOW) == 0;
  Node node;
  if (const std::int64_t led = lead_out(kernel, path, follow); led != 0) {
    const std::int64_t error = led < 0 ? led : describe_shared(path, follow, node);
    if (error == 0) out = stat_of(node);
    return error;
  }
  if (const std::int64_t error = bring_host_file(kernel, path, follow); error < 0) return error;
  const std::int64_t found = kernel.files.find(path.folder, path.text, follow);
  if (found < 0) return not_found(kernel, path.text, found);
  if (const std::int64_t error = kernel.files.describe(static_cast<std::uint32_t>(found), node); error < 0)
    return error;
  out = stat_of(node);
  return 0;
}

}  // namespace

std::int64_t call_stat(Kernel& kernel, std::uint64_t at_descriptor, std::uint64_t path_address, std::uint64_t to,
                       std::uint64_t flags) {
  auto* out = kernel.user.out<struct stat>(to);
  return out == nullptr ? -EFAULT : describe(kernel, at_descriptor, path_address, flags, *out);
}

std::int64_t call_access(Kernel& kernel, std::uint64_t at_descriptor, std::uint64_t path_address) {
  Path path;
  if (const std::int64_t error = take_path(kernel, at_descriptor, path_address, path); error < 0) return error;
  OpenFile special;
  if (device(path.text, special) || proc_file(path.text)) return 0;
  if (const std::int64_t led = lead_out(kernel, path); led != 0) {
    Node node;
    return led < 0 ? led : describe_shared(path, true, node);
  }
  if (const std::int64_t error = bring_host_file(kernel, path); error < 0) return error;
  const std::int64_t found = kernel.files.find(path.folder, path.text);
  return found < 0 ? not_found(kernel, path.text, found) : 0;
}

// One time for each file: the second, of the last change.
std::int64_t call_utimensat(Kernel& kernel, const Frame& frame) {
  constexpr std::int64_t kNow = (1 << 30) - 1, kKeep = (1 << 30) - 2;  // UTIME_NOW, UTIME_OMIT
  const auto* times = frame.rdx != 0 ? kernel.user.in<Time>(frame.rdx, 2) : nullptr;
  if (frame.rdx != 0 && times == nullptr) return -EFAULT;
  Time when = times != nullptr ? times[1] : Time{0, kNow};
  if (when.nanoseconds == kNow) when = kernel.clock.now(Clock::kReal);
  const bool keeps = when.nanoseconds == kKeep;
  if (!keeps && (when.nanoseconds < 0 || when.nanoseconds >= 1'000'000'000)) return -EINVAL;
  std::int64_t node = 0;
  if (frame.rsi == 0) {
    const Held file(kernel, frame.rdi);
    if (!file) return -EBADF;
    if (!is_file_or_folder(*file)) return -EINVAL;
    if (file->kind == FileKind::kSharedFile) return keeps ? 0 : set_shared_times(file->object, when);
    Node known;
    if (kernel.files.describe(node_of(*file), known) == 0 && known.host_number != 0) {
      return keeps ? 0 : set_shared_times(known.host_number, when);
    }
    node = static_cast<std::int64_t>(file->object);
  } else {
    Path path;
    if (const std::int64_t error = take_path(kernel, frame.rdi, frame.rsi, path); error < 0) return error;
    const bool follow = (frame.r10 & AT_SYMLINK_NOFOLLOW) == 0;
    if (const std::int64_t led = lead_out(kernel, path, follow); led != 0) {
      Node known;
      const std::int64_t error = led < 0 ? led : describe_shared(path, follow, known);
      return error < 0 || keeps ? error : set_shared_times(path, when);
    }
    node = kernel.files.find(path.folder, path.text, follow);
    if (node < 0) return node;
  }
  if (!keeps) kernel.files.set_changed(static_cast<std::uint32_t>(node), when);
  return 0;
}

std::int64_t call_statx(Kernel& kernel, const Frame& frame) {
  auto* out = kernel.user.out<struct statx>(frame.r8);
  if (out == nullptr) return -EFAULT;
  struct stat from{};
  if (const std::int64_t error = describe(kernel, frame.rdi, frame.rsi, frame.rdx, from); error < 0) return error;
  *out = {};
  out->stx_mask = STATX_BASIC_STATS;
  out->stx_blksize = kPage;
  out->stx_nlink = static_cast<std::uint32_t>(from.st_nlink);
  out->stx_uid = from.st_uid;
  out->stx_gid = from.st_gid;
  out->stx_mode = static_cast<std::uint16_t>(from.st_mode);
  out->stx_ino = from.st_ino;
  out->stx_size = static_cast<std::uint64_t>(from.st_size);
  out->stx_blocks = static_cast<std::uint64_t>(from.st_blocks);
  out->stx_mtime.tv_sec = static_cast<std::int64_t>(from.st_mtime);
  out->stx_mtime.tv_nsec = static_cast<std::uint32_t>(from.st_mtime_nsec);
  out->stx_atime = out->stx_ctime = out->stx_mtime;
  out->stx_dev_minor = static_cast<std::uint32_t>(from.st_dev);
  return 0;
}

}  // namespace adyton::keep
