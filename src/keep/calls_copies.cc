// SPDX-License-Identifier: Apache-2.0
// Files as a whole: mapped, copied from one descriptor to another, reserved, described.
#include <asm/errno.h>
#include <asm/statfs.h>
#include <linux/falloc.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/mman.h>
#include <linux/stat.h>

#include "keep/calls.h"
#include "keep/paths.h"
#include "keep/position.h"

namespace adyton::keep {
namespace {

constexpr std::uint64_t kAtOnce = 4096;

// From one open file to another until `bytes` are moved, the end is reached or nothing goes on.
template <typename Read>
std::int64_t copy(Kernel& kernel, ThreadState& thread, OpenFile& to, std::uint64_t* offset, std::uint64_t bytes,
                  Read&& read) {
  char part[kAtOnce];
  std::uint64_t done = 0;
  while (done < bytes) {
    const std::int64_t taken = read(part, bytes - done < kAtOnce ? bytes - done : kAtOnce, done);
    if (taken <= 0) return done > 0 ? static_cast<std::int64_t>(done) : taken;
    const auto count = static_cast<std::uint64_t>(taken);
    std::uint64_t end = 0;
    const std::int64_t given = offset != nullptr ? write_at(kernel, to, *offset + done, part, count, end)
                                                 : write_open(kernel, thread, to, part, count);
    if (given < 0) return done > 0 ? static_cast<std::int64_t>(done) : given;
    done += static_cast<std::uint64_t>(given);
    if (static_cast<std::uint64_t>(given) < count) break;
  }
  return static_cast<std::int64_t>(done);
}

// A file to read from, from `offset` of the application's or from its own.
std::int64_t copy_file(Kernel& kernel, ThreadState& thread, OpenFile* from, std::uint64_t* from_offset, OpenFile* to,
                       std::uint64_t* to_offset, std::uint64_t bytes) {
  if (from == nullptr || to == nullptr || !from->readable || !to->writable) return -EBADF;
  if (!is_file(*from)) return -EINVAL;
  if (from == to) return -EINVAL;
  constexpr std::uint64_t kMost = 0x7ffff000;
  // Whose offsets are used, in an order that two calls agree on.
  OpenFile *one = from_offset == nullptr ? from : nullptr, *other = to_offset == nullptr ? to : nullptr;
  const Position lower(kernel, one < other ? one : other), upper(kernel, one < other ? other : one);
  std::uint64_t at_offset = from_offset != nullptr ? *from_offset : from->offset;
  if (static_cast<std::int64_t>(at_offset) < 0) return -EINVAL;
  const std::int64_t done = copy(kernel, thread, *to, to_offset, bytes < kMost ? bytes : kMost,
                                 [&](char* part, std::uint64_t count, std::uint64_t so_far) {
                                   return read_at(kernel, *from, at_offset + so_far, part, count);
                                 });
  if (done > 0) {
    (from_offset != nullptr ? *from_offset : from->offset) = at_offset + static_cast<std::uint64_t>(done);
    if (to_offset != nullptr) *to_offset += static_cast<std::uint64_t>(done);
  }
  return done;
}

}  // namespace

std::int64_t call_sendfile(Kernel& kernel, ThreadState& thread, const Frame& frame) {
  auto* offset = frame.rdx != 0 ? kernel.user.out<std::uint64_t>(frame.rdx) : nullptr;
  if (frame.rdx != 0 && offset == nullptr) return -EFAULT;
  const Held from(kernel, frame.rsi), to(kernel, frame.rdi);
  return copy_file(kernel, thread, from.get(), offset, to.get(), nullptr, frame.r10);
}

std::int64_t call_copy_file_range(Kernel& kernel, ThreadState& thread, const Frame& frame) {
  auto* from_offset = frame.rsi != 0 ? kernel.user.out<std::uint64_t>(frame.rsi) : nullptr;
  auto* to_offset = frame.r10 != 0 ? kernel.user.out<std::uint64_t>(frame.r10) : nullptr;
  if ((frame.rsi != 0 && from_offset == nullptr) || (frame.r10 != 0 && to_offset == nullptr)) return -EFAULT;
  if (frame.r9 != 0) return -EINVAL;
  const Held from(kernel, frame.rdi), to(kernel, frame.rdx);
  if (to && !is_file(*to)) return -EINVAL;
  return copy_file(kernel, thread, from.get(), from_offset, to.get(), to_offset, frame.r8);
}

std::int64_t call_fallocate(Kernel& kernel, const Frame& frame) {
  const Held file(kernel, frame.rdi);
  if (!file || !file->writable) return -EBADF;
  if (!is_file(*file)) return -ESPIPE;
  const auto offset = static_cast<std::int64_t>(frame.rdx), bytes = static_cast<std::int64_t>(frame.r10);
  std::int64_t end = 0;
  if (offset < 0 || bytes <= 0) return -EINVAL;
  if (__builtin_add_overflow(offset, bytes, &end)) return -EFBIG;
  if (frame.rsi == FALLOC_FL_KEEP_SIZE) return 0;
  if (frame.rsi != 0) return -EOPNOTSUPP;
  Node node;
  if (const std::int64_t error = describe(kernel, *file, node); error < 0) return error;
  return node.size >= static_cast<std::uint64_t>(end) ? 0 : resize(kernel, *file, static_cast<std::uint64_t>(end));
}

std::int64_t call_statfs(Kernel& kernel, std::uint64_t to) {
  auto* out = kernel.user.out<struct statfs>(to);
  if (out == nullptr) return -EFAULT;
  const HeapUse use = heap_use(kernel);
  *out = {};
  out->f_type = 0x01021994;  // TMPFS_MAGIC
  out->f_bsize = out->f_frsize = kPage;
  out->f_blocks = static_cast<long>(use.bytes / kPage);
  out->f_bfree = out->f_bavail = static_cast<long>(use.free / kPage);
  out->f_files = out->f_ffree = FileSystem::kMostNodes;
  out->f_namelen = kMostName;
  return 0;
}

std::int64_t call_memfd_create(Kernel& kernel, std::uint64_t name, std::uint64_t flags) {
  constexpr std::uint64_t kCloseOnExec = 1, kAllowSealing = 2;  // MFD_
  char ignored[kMostName + 1];
  if ((flags & ~(kCloseOnExec | kAllowSealing)) != 0) return -EINVAL;
  if (const std::int64_t length = kernel.user.copy_string(name, ignored, sizeof(ignored)); length < 0) {
    return length == -ENAMETOOLONG ? -EINVAL : length;
  }
  const std::int64_t node = kernel.files.make_nameless(0777, kernel.clock.now(Clock::kReal));
  if (node < 0) return node;
  const OpenFile file{
      .kind = FileKind::kFile, .readable = true, .writable = true, .object = static_cast<std::uint64_t>(node)};
  const std::int64_t descriptor = kernel.descriptors.open(file, (flags & kCloseOnExec) != 0);
  if (descriptor < 0) kernel.files.close(static_cast<std::uint32_t>(node));
  return descriptor;
}

// A copy as it is now: what is written to the file afterwards does not show.
std::int64_t map_file(Kernel& kernel, const Frame& frame, const OpenFile& file) {
  if (!is_file(file)) return -ENODEV;
  if (!file.readable) return -EACCES;
  if ((frame.r10 & MAP_TYPE) == MAP_SHARED && (frame.rdx & PROT_WRITE) != 0) return -ENODEV;
  if (frame.r9 % kPage != 0) return -EINVAL;
  std::int64_t address = 0;
  {
    const Locked locked(kernel.memory_lock);
    address = kernel.memory.map(frame.rdi, frame.rsi, (frame.rdx & PROT_EXEC) | PROT_READ | PROT_WRITE,
                                frame.r10 | MAP_ANONYMOUS);
  }
  if (address < 0) return address;
  const auto begin = static_cast<std::uint64_t>(address);
  std::int64_t read = 1;
  for (std::uint64_t done = 0; read > 0 && done < frame.rsi; done += static_cast<std::uint64_t>(read)) {
    read = read_at(kernel, file, frame.r9 + done, at<void>(begin + done), frame.rsi - done);
  }
  const Locked locked(kernel.memory_lock);
  if (read < 0) {
    kernel.memory.unmap(begin, frame.rsi);
    return read;
  }
  kernel.memory.protect(begin, frame.rsi, frame.rdx);
  return address;
}

}  // namespace adyton::keep
