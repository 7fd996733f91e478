// SPDX-License-Identifier: Apache-2.0
#include <asm/errno.h>
#include <asm/stat.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>

#include "keep/calls.h"
#include "keep/random.h"

namespace adyton::keep {
namespace {

struct Path {
  std::uint32_t folder = 0;  // where a relative one begins
  char text[kMostPath];
};

std::int64_t folder_of(Kernel& kernel, std::uint64_t at_descriptor) {
  if (static_cast<std::int32_t>(at_descriptor) == AT_FDCWD) return kernel.folder;
  const OpenFile* file = kernel.descriptors.find(at_descriptor & 0xffffffff);
  if (file == nullptr) return -EBADF;
  return file->kind == FileKind::kFolder ? static_cast<std::int64_t>(file->object) : -ENOTDIR;
}

// 0, or what is wrong.
std::int64_t take_path(Kernel& kernel, std::uint64_t at_descriptor, std::uint64_t address, Path& path) {
  const std::int64_t length = kernel.user.copy_string(address, path.text, sizeof(path.text));
  if (length < 0) return length;
  const std::int64_t folder = path.text[0] == '/' ? FileSystem::kRoot : folder_of(kernel, at_descriptor);
  if (folder < 0) return folder;
  path.folder = static_cast<std::uint32_t>(folder);
  return 0;
}

// The few files that are none.
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

struct stat stat_of(const Node& node) {
  struct stat out{};
  out.st_dev = 1;
  out.st_ino = node.number;
  out.st_nlink = node.parent == 0 ? 0 : 1 + node.folder;
  out.st_mode = (node.folder != 0 ? S_IFDIR : S_IFREG) | node.mode;
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
  out.st_uid = out.st_gid = 1000;
  out.st_blksize = kPage;
  return out;
}

std::uint32_t node_of(const OpenFile& file) { return static_cast<std::uint32_t>(file.object); }

}  // namespace

std::int64_t call_open(Kernel& kernel, std::uint64_t at_descriptor, std::uint64_t path_address, std::uint64_t flags,
                       std::uint64_t mode) {
  const Time now = (flags & O_CREAT) != 0 ? kernel.clock.now(Clock::kReal) : Time{};
  Path path;
  if (const std::int64_t error = take_path(kernel, at_descriptor, path_address, path); error < 0) return error;
  constexpr std::uint64_t kTemporary = __O_TMPFILE;
  if ((flags & kTemporary) == kTemporary) return -EOPNOTSUPP;
  const std::uint64_t access = flags & O_ACCMODE;
  OpenFile file{.readable = access != O_WRONLY,
                .writable = access != O_RDONLY,
                .flags = static_cast<std::uint32_t>(flags & (O_APPEND | O_NONBLOCK))};
  if (!device(path.text, file)) {
    const std::int64_t node = kernel.files.open(path.folder, path.text, static_cast<std::uint32_t>(flags),
                                                static_cast<std::uint32_t>(mode), now);
    if (node < 0) return node;
    Node known;
    kernel.files.describe(static_cast<std::uint32_t>(node), known);
    file.kind = known.folder != 0 ? FileKind::kFolder : FileKind::kFile;
    file.object = static_cast<std::uint64_t>(node);
  }
  const std::int64_t descriptor = kernel.descriptors.open(file, (flags & O_CLOEXEC) != 0);
  if (descriptor < 0 && (file.kind == FileKind::kFile || file.kind == FileKind::kFolder)) {
    kernel.files.close(node_of(file));
  }
  return descriptor;
}

std::int64_t call_stat(Kernel& kernel, std::uint64_t at_descriptor, std::uint64_t path_address, std::uint64_t to,
                       std::uint64_t flags) {
  auto* out = kernel.user.out<struct stat>(to);
  if (out == nullptr) return -EFAULT;
  const char* first = path_address != 0 ? kernel.user.in<char>(path_address) : nullptr;
  if ((flags & AT_EMPTY_PATH) != 0 && (path_address == 0 || (first != nullptr && *first == 0)) &&
      static_cast<std::int32_t>(at_descriptor) != AT_FDCWD) {
    const OpenFile* file = kernel.descriptors.find(at_descriptor & 0xffffffff);
    if (file == nullptr) return -EBADF;
    if (file->kind != FileKind::kFile && file->kind != FileKind::kFolder) {
      *out = stat_of_stream(file->kind);
      if (file->kind == FileKind::kHostMemory) {
        out->st_mode = S_IFREG | 0600;
        out->st_size = static_cast<long>(kernel.host_memory.bytes());
      }
      return 0;
    }
    Node node;
    kernel.files.describe(node_of(*file), node);
    *out = stat_of(node);
    return 0;
  }
  Path path;
  if (const std::int64_t error = take_path(kernel, at_descriptor, path_address, path); error < 0) return error;
  OpenFile special;
  if (device(path.text, special)) {
    *out = stat_of_stream(special.kind);
    return 0;
  }
  const std::int64_t found = kernel.files.find(path.folder, path.text);
  if (found < 0) return found;
  Node node;
  if (const std::int64_t error = kernel.files.describe(static_cast<std::uint32_t>(found), node); error < 0)
    return error;
  *out = stat_of(node);
  return 0;
}

std::int64_t call_access(Kernel& kernel, std::uint64_t at_descriptor, std::uint64_t path_address) {
  Path path;
  if (const std::int64_t error = take_path(kernel, at_descriptor, path_address, path); error < 0) return error;
  OpenFile special;
  if (device(path.text, special)) return 0;
  const std::int64_t found = kernel.files.find(path.folder, path.text);
  return found < 0 ? found : 0;
}

std::int64_t call_mkdir(Kernel& kernel, std::uint64_t at_descriptor, std::uint64_t path_address, std::uint64_t mode) {
  const Time now = kernel.clock.now(Clock::kReal);
  Path path;
  if (const std::int64_t error = take_path(kernel, at_descriptor, path_address, path); error < 0) return error;
  const std::int64_t made = kernel.files.make_folder(path.folder, path.text, static_cast<std::uint32_t>(mode), now);
  return made < 0 ? made : 0;
}

std::int64_t call_unlink(Kernel& kernel, std::uint64_t at_descriptor, std::uint64_t path_address, std::uint64_t flags) {
  if ((flags & ~std::uint64_t{AT_REMOVEDIR}) != 0) return -EINVAL;
  Path path;
  if (const std::int64_t error = take_path(kernel, at_descriptor, path_address, path); error < 0) return error;
  return kernel.files.remove(path.folder, path.text, flags != 0);
}

std::int64_t call_rename(Kernel& kernel, const Frame& frame, std::uint64_t flags) {
  if ((flags & ~std::uint64_t{RENAME_NOREPLACE}) != 0) return -EINVAL;
  Path from, to;
  if (const std::int64_t error = take_path(kernel, frame.rdi, frame.rsi, from); error < 0) return error;
  if (const std::int64_t error = take_path(kernel, frame.rdx, frame.r10, to); error < 0) return error;
  return kernel.files.rename(from.folder, from.text, to.folder, to.text, flags == 0);
}

std::int64_t call_readlink(Kernel& kernel, std::uint64_t path_address, std::uint64_t to, std::uint64_t bytes) {
  if (bytes == 0 || bytes > kMostPath) return bytes == 0 ? -EINVAL : call_readlink(kernel, path_address, to, kMostPath);
  char path[64];
  const std::int64_t length = kernel.user.copy_string(path_address, path, sizeof(path));
  if (length == -ENAMETOOLONG) return -EINVAL;  // no link has such a long name
  if (length < 0) return length;
  if (!same(path, "/proc/self/exe")) return kernel.files.find(kernel.folder, path) < 0 ? -ENOENT : -EINVAL;
  constexpr char kSelf[] = "/enclave";
  if (bytes > sizeof(kSelf) - 1) bytes = sizeof(kSelf) - 1;
  auto* out = kernel.user.out<char>(to, bytes);
  if (out == nullptr) return -EFAULT;
  __builtin_memcpy(out, kSelf, bytes);
  return static_cast<std::int64_t>(bytes);
}

std::int64_t call_getcwd(Kernel& kernel, std::uint64_t to, std::uint64_t bytes) {
  if (bytes > kMostPath) bytes = kMostPath;
  auto* out = kernel.user.out<char>(to, bytes);
  return out == nullptr ? -EFAULT : kernel.files.path_of(kernel.folder, out, bytes);
}

std::int64_t call_chdir(Kernel& kernel, std::uint64_t path_address) {
  Path path;
  const auto here = static_cast<std::uint64_t>(AT_FDCWD);
  if (const std::int64_t error = take_path(kernel, here, path_address, path); error < 0) return error;
  // Held open, so that its node stays what it is.
  const std::int64_t node = kernel.files.open(path.folder, path.text, O_DIRECTORY, 0, {});
  if (node < 0) return node;
  const std::uint32_t before = kernel.folder;
  kernel.folder = static_cast<std::uint32_t>(node);
  if (before != FileSystem::kRoot) kernel.files.close(before);
  if (kernel.folder == FileSystem::kRoot) kernel.files.close(FileSystem::kRoot);
  return 0;
}

std::int64_t call_getdents(Kernel& kernel, std::uint64_t fd, std::uint64_t to, std::uint64_t bytes) {
  OpenFile* file = kernel.descriptors.find(fd);
  if (file == nullptr) return -EBADF;
  if (file->kind != FileKind::kFolder) return -ENOTDIR;
  if (kernel.user.out<std::uint64_t>(to, bytes / 8) == nullptr) return -EFAULT;
  std::uint64_t done = 0;
  while (true) {
    // Offsets: 0 is ".", 1 "..", 2 the first entry, others what entry() wants.
    Node node;
    std::uint64_t next = file->offset + 1;
    if (file->offset < 2) {
      kernel.files.describe(node_of(*file), node);
      __builtin_memcpy(node.name, "..", 3);
      node.name[file->offset + 1] = 0;
    } else {
      const std::uint64_t before = file->offset == 2 ? ~std::uint64_t{0} : file->offset;
      if (kernel.files.entry(node_of(*file), before, node) == 0) return static_cast<std::int64_t>(done);
      next = node.linked;
    }
    // struct linux_dirent64: inode, offset, length (2), type (1), name.
    constexpr std::uint64_t kHead = 19;
    const std::uint64_t name_bytes = length_of(node.name) + 1, length = (kHead + name_bytes + 7) & ~std::uint64_t{7};
    if (length > bytes - done) return done == 0 ? -EINVAL : static_cast<std::int64_t>(done);
    auto* words = at<std::uint64_t>(to + done);
    words[0] = node.number;
    words[1] = next;
    auto* rest = at<unsigned char>(to + done);
    rest[16] = static_cast<unsigned char>(length);
    rest[17] = static_cast<unsigned char>(length >> 8);
    rest[18] = node.folder != 0 ? 4 : 8;  // DT_DIR, DT_REG
    __builtin_memcpy(rest + kHead, node.name, name_bytes);
    done += length;
    file->offset = next;
  }
}

std::int64_t call_lseek(Kernel& kernel, std::uint64_t fd, std::uint64_t offset, std::uint64_t whence) {
  OpenFile* file = kernel.descriptors.find(fd);
  if (file == nullptr) return -EBADF;
  if (file->kind != FileKind::kFile && file->kind != FileKind::kFolder) return -ESPIPE;
  std::int64_t from = 0;
  if (whence == SEEK_CUR) {
    from = static_cast<std::int64_t>(file->offset);
  } else if (whence == SEEK_END) {
    Node node;
    kernel.files.describe(node_of(*file), node);
    from = static_cast<std::int64_t>(node.size);
  } else if (whence != SEEK_SET) {
    return -EINVAL;
  }
  std::int64_t sum = 0;
  if (__builtin_add_overflow(from, static_cast<std::int64_t>(offset), &sum) || sum < 0) return -EINVAL;
  file->offset = static_cast<std::uint64_t>(sum);
  return sum;
}

std::int64_t read_file(Kernel& kernel, OpenFile& file, void* to, std::uint64_t bytes) {
  const std::int64_t done = kernel.files.read(node_of(file), file.offset, to, bytes);
  if (done > 0) file.offset += static_cast<std::uint64_t>(done);
  return done;
}

std::int64_t write_file(Kernel& kernel, OpenFile& file, const void* from, std::uint64_t bytes) {
  const bool append = (file.flags & O_APPEND) != 0;
  const std::int64_t done = kernel.files.write(node_of(file), append ? FileSystem::kAppend : file.offset, from, bytes);
  if (done > 0) file.offset += static_cast<std::uint64_t>(done);
  return done;
}

std::int64_t call_pread(Kernel& kernel, const Frame& frame) {
  const OpenFile* file = kernel.descriptors.find(frame.rdi);
  if (file == nullptr || !file->readable) return -EBADF;
  if (static_cast<std::int64_t>(frame.r10) < 0) return -EINVAL;
  if (!kernel.user.writable(frame.rsi, frame.rdx)) return -EFAULT;
  if (file->kind != FileKind::kFile) return -ESPIPE;
  return kernel.files.read(node_of(*file), frame.r10, at<void>(frame.rsi), frame.rdx);
}

std::int64_t call_pwrite(Kernel& kernel, const Frame& frame) {
  const OpenFile* file = kernel.descriptors.find(frame.rdi);
  if (file == nullptr || !file->writable) return -EBADF;
  if (static_cast<std::int64_t>(frame.r10) < 0) return -EINVAL;
  if (!kernel.user.readable(frame.rsi, frame.rdx)) return -EFAULT;
  if (file->kind != FileKind::kFile) return -ESPIPE;
  return kernel.files.write(node_of(*file), frame.r10, at<const void>(frame.rsi), frame.rdx);
}

std::int64_t call_ftruncate(Kernel& kernel, std::uint64_t fd, std::uint64_t bytes) {
  const OpenFile* file = kernel.descriptors.find(fd);
  if (file == nullptr) return -EBADF;
  if (file->kind != FileKind::kFile || !file->writable || static_cast<std::int64_t>(bytes) < 0) return -EINVAL;
  return kernel.files.resize(node_of(*file), bytes);
}

std::int64_t call_truncate(Kernel& kernel, std::uint64_t path_address, std::uint64_t bytes) {
  if (static_cast<std::int64_t>(bytes) < 0) return -EINVAL;
  Path path;
  const auto here = static_cast<std::uint64_t>(AT_FDCWD);
  if (const std::int64_t error = take_path(kernel, here, path_address, path); error < 0) return error;
  const std::int64_t found = kernel.files.find(path.folder, path.text);
  return found < 0 ? found : kernel.files.resize(static_cast<std::uint32_t>(found), bytes);
}

std::int64_t call_chmod(Kernel& kernel, std::uint64_t at_descriptor, std::uint64_t path_address, std::uint64_t mode) {
  Path path;
  if (const std::int64_t error = take_path(kernel, at_descriptor, path_address, path); error < 0) return error;
  const std::int64_t found = kernel.files.find(path.folder, path.text);
  if (found < 0) return found;
  kernel.files.set_mode(static_cast<std::uint32_t>(found), static_cast<std::uint32_t>(mode));
  return 0;
}

std::int64_t call_fsync(Kernel& kernel, std::uint64_t fd) {
  const OpenFile* file = kernel.descriptors.find(fd);
  if (file == nullptr) return -EBADF;
  return file->kind == FileKind::kFile || file->kind == FileKind::kFolder ? 0 : -EINVAL;
}

}  // namespace adyton::keep
