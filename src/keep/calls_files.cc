// SPDX-License-Identifier: Apache-2.0
#include <asm/errno.h>
#include <linux/fcntl.h>
#include <linux/fs.h>

#include "keep/calls.h"
#include "keep/host_files.h"
#include "keep/paths.h"
#include "keep/position.h"
#include "keep/proc.h"
#include "keep/shared_files.h"

namespace adyton::keep {

std::int64_t call_open(Kernel& kernel, std::uint64_t at_descriptor, std::uint64_t path_address, std::uint64_t flags,
                       std::uint64_t mode) {
  const Time now = (flags & O_CREAT) != 0 ? kernel.clock.now(Clock::kReal) : Time{};
  Path path;
  if (const std::int64_t error = take_path(kernel, at_descriptor, path_address, path); error < 0) return error;
  constexpr std::uint64_t kTemporary = O_TMPFILE;
  const std::uint64_t access = flags & O_ACCMODE;
  const bool makes_only = (flags & O_CREAT) != 0 && (flags & O_EXCL) != 0;
  OpenFile file{.readable = access != O_WRONLY,
                .writable = access != O_RDONLY,
                .flags = static_cast<std::uint32_t>(flags & (O_APPEND | O_NONBLOCK))};
  std::int64_t other = 0;
  if (open_descriptor_again(kernel, path.text, other)) return other;
  if (proc_file(path.text)) {
    if (file.writable) return -EACCES;
    other = open_proc_file(kernel, path.text);
    if (other < 0) return other;
    file.kind = FileKind::kFile;
    file.object = static_cast<std::uint64_t>(other);
  } else if (const std::int64_t led = lead_out(kernel, path, (flags & O_NOFOLLOW) == 0 && !makes_only); led != 0) {
    const std::int64_t opened = led < 0 ? led : open_shared(kernel, path, flags, mode & ~kernel.mode_mask, file);
    if (opened < 0) return opened;
  } else if ((flags & kTemporary) == kTemporary) {
    const std::int64_t node = kernel.files.make_nameless(static_cast<std::uint32_t>(mode), now);
    if (node < 0) return node;
    file.kind = FileKind::kFile;
    file.object = static_cast<std::uint64_t>(node);
  } else if (!device(path.text, file)) {
    if (const std::int64_t error = bring_host_file(kernel, path, (flags & O_NOFOLLOW) == 0); error < 0) return error;
    const std::int64_t node = kernel.files.open(path.folder, path.text, static_cast<std::uint32_t>(flags),
                                                static_cast<std::uint32_t>(mode) & ~kernel.mode_mask, now);
    if (node < 0) return not_found(kernel, path.text, node);
    Node known;
    kernel.files.describe(static_cast<std::uint32_t>(node), known);
    file.kind = known.folder != 0 ? FileKind::kFolder : FileKind::kFile;
    file.object = static_cast<std::uint64_t>(node);
  }
  const std::int64_t descriptor = kernel.descriptors.open(file, (flags & O_CLOEXEC) != 0);
  if (descriptor < 0) forget(kernel, file);
  return descriptor;
}

std::int64_t call_mkdir(Kernel& kernel, std::uint64_t at_descriptor, std::uint64_t path_address, std::uint64_t mode) {
  const Time now = kernel.clock.now(Clock::kReal);
  Path path;
  if (const std::int64_t error = take_path(kernel, at_descriptor, path_address, path); error < 0) return error;
  if (const std::int64_t led = lead_out(kernel, path, false); led != 0) {
    return led < 0 ? led : make_shared_folder(kernel, path, mode);
  }
  const std::int64_t made =
      kernel.files.make_folder(path.folder, path.text, static_cast<std::uint32_t>(mode) & ~kernel.mode_mask, now);
  return made < 0 ? made : 0;
}

std::int64_t call_unlink(Kernel& kernel, std::uint64_t at_descriptor, std::uint64_t path_address, std::uint64_t flags) {
  if ((flags & ~std::uint64_t{AT_REMOVEDIR}) != 0) return -EINVAL;
  Path path;
  if (const std::int64_t error = take_path(kernel, at_descriptor, path_address, path); error < 0) return error;
  if (const std::int64_t led = lead_out(kernel, path, false); led != 0) {
    return led < 0 ? led : remove_shared(path, flags != 0);
  }
  return kernel.files.remove(path.folder, path.text, flags != 0);
}

std::int64_t call_rename(Kernel& kernel, const Frame& frame, std::uint64_t flags) {
  if ((flags & ~std::uint64_t{RENAME_NOREPLACE}) != 0) return -EINVAL;
  Path from, to;
  if (const std::int64_t error = take_path(kernel, frame.rdi, frame.rsi, from); error < 0) return error;
  if (const std::int64_t error = take_path(kernel, frame.rdx, frame.r10, to); error < 0) return error;
  const std::int64_t led = lead_out(kernel, from, false), led_to = led < 0 ? led : lead_out(kernel, to, false);
  if (led_to < 0) return led_to;
  if (led != led_to) return -EXDEV;
  if (led != 0) return rename_shared(from, to, flags);
  return kernel.files.rename(from.folder, from.text, to.folder, to.text, flags == 0);
}

std::int64_t call_readlink(Kernel& kernel, std::uint64_t at_descriptor, std::uint64_t path_address, std::uint64_t to,
                           std::uint64_t bytes) {
  if (static_cast<std::int64_t>(bytes) <= 0) return -EINVAL;
  if (bytes > kMostPath) bytes = kMostPath;
  auto* out = kernel.user.out<char>(to, bytes);
  if (out == nullptr) return -EFAULT;
  Path path;
  if (const std::int64_t error = take_path(kernel, at_descriptor, path_address, path); error < 0) return error;
  if (const std::int64_t told = proc_link(kernel, path.text, out, bytes); told != 0) return told;
  if (const std::int64_t led = lead_out(kernel, path, false); led != 0) {
    Node node;  // where a link of the host's leads to is not asked: nobody follows it
    const std::int64_t error = led < 0 ? led : describe_shared(path, false, node);
    return error < 0 ? error : node.link != 0 ? -EACCES : -EINVAL;
  }
  return kernel.files.target_of(path.folder, path.text, out, bytes);
}

std::int64_t call_getcwd(Kernel& kernel, std::uint64_t to, std::uint64_t bytes) {
  if (bytes > kMostPath) bytes = kMostPath;
  auto* out = kernel.user.out<char>(to, bytes);
  const Held folder = Held::folder(kernel);
  return out == nullptr ? -EFAULT : kernel.files.path_of(folder_of(folder), out, bytes);
}

namespace {

std::int64_t open_folder(Kernel& kernel, Path& path) {
  const std::int64_t led = lead_out(kernel, path);
  if (led == 0) return kernel.files.open(path.folder, path.text, O_DIRECTORY, 0, {});
  OpenFile file;
  const std::int64_t error = led < 0 ? led : open_shared(kernel, path, O_DIRECTORY, 0, file);
  return error < 0 ? error : static_cast<std::int64_t>(file.object);
}

}  // namespace

std::int64_t call_chdir(Kernel& kernel, std::uint64_t path_address) {
  Path path;
  const auto here = static_cast<std::uint64_t>(AT_FDCWD);
  if (const std::int64_t error = take_path(kernel, here, path_address, path); error < 0) return error;
  const std::int64_t node = open_folder(kernel, path);
  if (node < 0) return node;
  const OpenFile folder{.kind = FileKind::kFolder, .readable = true, .object = static_cast<std::uint64_t>(node)};
  OpenFile last;
  const std::int64_t done = kernel.descriptors.set_folder(folder, last);
  forget(kernel, done < 0 ? folder : last);
  return done < 0 ? done : 0;
}

std::int64_t call_getdents(Kernel& kernel, std::uint64_t fd, std::uint64_t to, std::uint64_t bytes) {
  const Held file(kernel, fd);
  if (!file) return -EBADF;
  if (file->kind != FileKind::kFolder) return -ENOTDIR;
  if (!kernel.user.writable(to, bytes)) return -EFAULT;
  const Position position(kernel, file.get());
  Node folder;
  if (kernel.files.describe(node_of(*file), folder) == 0 && folder.host_number != 0) {
    return list_shared(folder.host_number, file->offset, to, bytes);
  }
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
    rest[18] = node.folder != 0 ? 4 : node.link != 0 ? 10 : 8;  // DT_DIR, DT_LNK, DT_REG
    __builtin_memcpy(rest + kHead, node.name, name_bytes);
    done += length;
    file->offset = next;
  }
}

std::int64_t call_lseek(Kernel& kernel, std::uint64_t fd, std::uint64_t offset, std::uint64_t whence) {
  const Held file(kernel, fd);
  if (!file) return -EBADF;
  if (!is_file_or_folder(*file)) return -ESPIPE;
  const Position position(kernel, file.get());
  std::int64_t from = 0;
  if (whence == SEEK_CUR) {
    from = static_cast<std::int64_t>(file->offset);
  } else if (whence == SEEK_END) {
    Node node;
    if (const std::int64_t error = describe(kernel, *file, node); error < 0) return error;
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
  const std::int64_t done = read_at(kernel, file, file.offset, to, bytes);
  if (done > 0) file.offset += static_cast<std::uint64_t>(done);
  return done;
}

std::int64_t write_file(Kernel& kernel, OpenFile& file, const void* from, std::uint64_t bytes) {
  const bool append = (file.flags & O_APPEND) != 0;
  std::uint64_t end = 0;
  const std::int64_t done = write_at(kernel, file, append ? FileSystem::kAppend : file.offset, from, bytes, end);
  if (done > 0) file.offset = end;
  return done;
}

std::int64_t call_pread(Kernel& kernel, const Frame& frame) {
  const Held file(kernel, frame.rdi);
  if (!file || !file->readable) return -EBADF;
  if (static_cast<std::int64_t>(frame.r10) < 0) return -EINVAL;
  if (!kernel.user.writable(frame.rsi, frame.rdx)) return -EFAULT;
  if (!is_file(*file)) return -ESPIPE;
  return read_at(kernel, *file, frame.r10, at<void>(frame.rsi), frame.rdx);
}

std::int64_t call_pwrite(Kernel& kernel, const Frame& frame) {
  const Held file(kernel, frame.rdi);
  if (!file || !file->writable) return -EBADF;
  if (static_cast<std::int64_t>(frame.r10) < 0) return -EINVAL;
  if (!kernel.user.readable(frame.rsi, frame.rdx)) return -EFAULT;
  if (!is_file(*file)) return -ESPIPE;
  std::uint64_t end = 0;
  const std::uint64_t offset = (file->flags & O_APPEND) != 0 ? FileSystem::kAppend : frame.r10;  // as on Linux
  return write_at(kernel, *file, offset, at<const void>(frame.rsi), frame.rdx, end);
}

std::int64_t call_ftruncate(Kernel& kernel, std::uint64_t fd, std::uint64_t bytes) {
  const Held file(kernel, fd);
  if (!file) return -EBADF;
  if (!is_file(*file) || !file->writable || static_cast<std::int64_t>(bytes) < 0) return -EINVAL;
  return resize(kernel, *file, bytes);
}

std::int64_t call_truncate(Kernel& kernel, std::uint64_t path_address, std::uint64_t bytes) {
  if (static_cast<std::int64_t>(bytes) < 0) return -EINVAL;
  Path path;
  const auto here = static_cast<std::uint64_t>(AT_FDCWD);
  if (const std::int64_t error = take_path(kernel, here, path_address, path); error < 0) return error;
  if (const std::int64_t led = lead_out(kernel, path); led != 0) {
    OpenFile file{.writable = true};
    std::int64_t error = led < 0 ? led : open_shared(kernel, path, O_WRONLY, 0, file);
    if (error < 0) return error;
    error = resize_shared(file.object, bytes);
    close_shared(kernel, file.object);
    return error;
  }
  if (const std::int64_t error = bring_host_file(kernel, path); error < 0) return error;
  const std::int64_t found = kernel.files.find(path.folder, path.text);
  return found < 0 ? found : kernel.files.resize(static_cast<std::uint32_t>(found), bytes);
}

std::int64_t call_chmod(Kernel& kernel, std::uint64_t at_descriptor, std::uint64_t path_address, std::uint64_t mode) {
  Path path;
  if (const std::int64_t error = take_path(kernel, at_descriptor, path_address, path); error < 0) return error;
  if (const std::int64_t led = lead_out(kernel, path); led != 0) return led < 0 ? led : -EPERM;
  const std::int64_t found = kernel.files.find(path.folder, path.text);
  if (found < 0) return found;
  kernel.files.set_mode(static_cast<std::uint32_t>(found), static_cast<std::uint32_t>(mode));
  return 0;
}

std::int64_t call_symlink(Kernel& kernel, std::uint64_t target_address, std::uint64_t at_descriptor,
                          std::uint64_t path_address) {
  const Time now = kernel.clock.now(Clock::kReal);
  Path path;
  char target[kMostPath];
  if (const std::int64_t error = take_path(kernel, at_descriptor, path_address, path); error < 0) return error;
  if (const std::int64_t led = lead_out(kernel, path, false); led != 0) return led < 0 ? led : -EPERM;
  const std::int64_t length = kernel.user.copy_string(target_address, target, sizeof(target));
  return length < 0 ? length : kernel.files.make_link(path.folder, path.text, target, now);
}

std::int64_t call_fchmod(Kernel& kernel, std::uint64_t fd, std::uint64_t mode) {
  const Held file(kernel, fd);
  if (!file) return -EBADF;
  Node node;
  if (!is_file_or_folder(*file) || file->kind == FileKind::kSharedFile) return -EPERM;
  if (kernel.files.describe(node_of(*file), node) < 0 || node.host_number != 0) return -EPERM;
  kernel.files.set_mode(node_of(*file), static_cast<std::uint32_t>(mode));
  return 0;
}

std::int64_t call_fchdir(Kernel& kernel, std::uint64_t fd) {
  const Held folder(kernel, fd);
  if (!folder) return -EBADF;
  if (folder->kind != FileKind::kFolder) return -ENOTDIR;
  OpenFile last;
  kernel.descriptors.share_folder(*folder, last);
  forget(kernel, last);
  return 0;
}

std::int64_t call_fsync(Kernel& kernel, std::uint64_t fd, bool only_data) {
  const Held file(kernel, fd);
  if (!file) return -EBADF;
  if (!is_file_or_folder(*file)) return -EINVAL;
  if (file->kind == FileKind::kSharedFile) return sync_shared(file->object, only_data);
  Node node;
  const bool of_host = kernel.files.describe(node_of(*file), node) == 0 && node.host_number != 0;
  return of_host ? sync_shared(node.host_number, only_data) : 0;
}

}  // namespace adyton::keep
