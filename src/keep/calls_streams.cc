// SPDX-License-Identifier: Apache-2.0
// read(), write() and what goes with descriptors of any kind.
#include <asm/errno.h>
#include <asm/unistd_64.h>
#include <linux/fcntl.h>
#include <linux/fs.h>

#include "keep/blocking.h"
#include "keep/calls.h"
#include "keep/host_interface.h"
#include "keep/position.h"
#include "keep/random.h"
#include "keep/shared_files.h"
#include "keep/socket_calls.h"
#include "keep/vectors.h"

namespace adyton::keep {
namespace {

constexpr std::uint64_t kMostAtOnce = HostPage::kDataBytes;

std::int64_t write_to_host(const ThreadState& thread, std::uint64_t stream, const void* from, std::uint64_t bytes) {
  auto* next = static_cast<const unsigned char*>(from);
  std::uint64_t done = 0;
  while (done < bytes) {
    const std::uint64_t part = bytes - done < kMostAtOnce ? bytes - done : kMostAtOnce;
    copy_to_host(thread.host_page, next + done, part);
    const std::int64_t taken = checked_result(ask_host(KeepRequest::kWrite, stream, part).result, part);
    if (taken < 0) return done > 0 ? static_cast<std::int64_t>(done) : taken;
    if (taken == 0) break;
    done += static_cast<std::uint64_t>(taken);
  }
  return static_cast<std::int64_t>(done);
}

// The host's streams block or not as the host has them: that one does not is held to here.
bool ready_now(Kernel& kernel, ThreadState& thread, const OpenFile& file, std::uint32_t wanted) {
  const Time at_once;
  return wait_for_one(kernel, thread, file, wanted, &at_once) > 0;
}

// A pipe that can be written to has room for so much.
std::int64_t write_what_goes(Kernel& kernel, ThreadState& thread, OpenFile& file, const void* from,
                             std::uint64_t bytes) {
  std::uint64_t done = 0;
  while (done < bytes) {
    ++file.uses;
    if (!ready_now(kernel, thread, file, POLLOUT)) return done > 0 ? static_cast<std::int64_t>(done) : -EAGAIN;
    const std::uint64_t part = bytes - done < Channels::kAtomic ? bytes - done : Channels::kAtomic;
    const std::int64_t taken = write_to_host(thread, file.object, static_cast<const char*>(from) + done, part);
    if (taken < 0) return done > 0 ? static_cast<std::int64_t>(done) : taken;
    done += static_cast<std::uint64_t>(taken);
    if (static_cast<std::uint64_t>(taken) < part) break;
  }
  return static_cast<std::int64_t>(done);
}

std::int64_t read_from_host(const ThreadState& thread, void* to, std::uint64_t bytes) {
  const std::uint64_t most = bytes < kMostAtOnce ? bytes : kMostAtOnce;
  const std::int64_t given = checked_result(ask_host(KeepRequest::kRead, 0, most).result, most);
  if (given > 0) copy_from_host(to, thread.host_page, static_cast<std::uint64_t>(given));
  return given == -EINTR ? -kRestart : given;
}

}  // namespace

void log(const ThreadState& thread, const Line& line) { write_to_host(thread, 2, line.data(), line.size()); }

std::int64_t call_read(Kernel& kernel, ThreadState& thread, std::uint64_t fd, std::uint64_t to, std::uint64_t bytes) {
  const Held file(kernel, fd);
  if (!file || !file->readable) return -EBADF;
  if (!kernel.user.writable(to, bytes)) return -EFAULT;
  const Position position(kernel, file.get());
  return read_open(kernel, thread, *file, at<void>(to), bytes);
}

std::int64_t call_write(Kernel& kernel, ThreadState& thread, std::uint64_t fd, std::uint64_t from,
                        std::uint64_t bytes) {
  const Held file(kernel, fd);
  if (!file || !file->writable) return -EBADF;
  if (!kernel.user.readable(from, bytes)) return -EFAULT;
  const Position position(kernel, file.get());
  return write_open(kernel, thread, *file, at<const void>(from), bytes);
}

std::int64_t read_open(Kernel& kernel, ThreadState& thread, OpenFile& file, void* to, std::uint64_t bytes) {
  switch (file.kind) {
    case FileKind::kFolder: return -EISDIR;
    case FileKind::kEvent: return read_channel(kernel, thread, file, to, bytes);
    case FileKind::kTimer: return read_timer(kernel, thread, file, to, bytes);
    case FileKind::kSignalSet: return read_signals(kernel, thread, file, to, bytes);
    default: break;
  }
  if (bytes == 0) return 0;
  switch (file.kind) {
    case FileKind::kInput:
      ++file.uses;
      if (!blocks(file) && !ready_now(kernel, thread, file, POLLIN)) return -EAGAIN;
      return read_from_host(thread, to, bytes);
    case FileKind::kFile:
    case FileKind::kSharedFile: return read_file(kernel, file, to, bytes);
    case FileKind::kPair:
    case FileKind::kSocket: return receive(kernel, thread, file, to, bytes, 0);
    case FileKind::kPipeEnd: return read_channel(kernel, thread, file, to, bytes);
    case FileKind::kZeros:
      if (file.object == 0) return 0;  // /dev/null
      __builtin_memset(to, 0, bytes);
      return static_cast<std::int64_t>(bytes);
    case FileKind::kRandom: {
      constexpr std::uint64_t kMost = 0x1ffffff;  // as Linux gives at once
      if (bytes > kMost) bytes = kMost;
      return fill_random(to, bytes) ? static_cast<std::int64_t>(bytes) : -EIO;
    }
    default: return -EBADF;
  }
}

std::int64_t write_open(Kernel& kernel, ThreadState& thread, OpenFile& file, const void* from, std::uint64_t bytes) {
  if (file.kind == FileKind::kEvent) return write_channel(kernel, thread, file, from, bytes);
  if (bytes == 0) return 0;
  switch (file.kind) {
    case FileKind::kOutput: {
      const std::int64_t taken = blocks(file) ? write_to_host(thread, file.object, from, bytes)
                                              : write_what_goes(kernel, thread, file, from, bytes);
      if (taken == -EPIPE) signal_broken_pipe(kernel, thread);
      return taken;
    }
    case FileKind::kFile:
    case FileKind::kSharedFile: return write_file(kernel, file, from, bytes);
    case FileKind::kPair:
    case FileKind::kSocket: return send(kernel, thread, file, from, bytes, 0);
    case FileKind::kPipeEnd: return write_channel(kernel, thread, file, from, bytes);
    case FileKind::kZeros:
    case FileKind::kRandom: return static_cast<std::int64_t>(bytes);
    default: return -EBADF;
  }
}

std::int64_t call_readv(Kernel& kernel, ThreadState& thread, const Frame& frame) {
  const Held file(kernel, frame.rdi);
  if (!file || !file->readable) return -EBADF;
  const Vectors to(kernel, frame.rsi, frame.rdx, true);
  const Position position(kernel, file.get());
  return scatter(kernel, to, is_file(*file), [&](void* part, std::uint64_t bytes, std::uint64_t) {
    return read_open(kernel, thread, *file, part, bytes);
  });
}

std::int64_t call_writev(Kernel& kernel, ThreadState& thread, const Frame& frame) {
  const Held file(kernel, frame.rdi);
  if (!file || !file->writable) return -EBADF;
  const Vectors from(kernel, frame.rsi, frame.rdx, false);
  const Position position(kernel, file.get());
  return gather(kernel, from, [&](const void* part, std::uint64_t bytes, std::uint64_t) {
    return write_open(kernel, thread, *file, part, bytes);
  });
}

// `frame.r10` is the offset; of the second versions ~0 is the file's own.
std::int64_t call_preadv(Kernel& kernel, ThreadState& thread, const Frame& frame, std::uint64_t flags) {
  if (flags != 0) return -EOPNOTSUPP;
  if (frame.rax == __NR_preadv2 && frame.r10 == ~std::uint64_t{0}) return call_readv(kernel, thread, frame);
  const Held file(kernel, frame.rdi);
  if (!file || !file->readable) return -EBADF;
  if (static_cast<std::int64_t>(frame.r10) < 0) return -EINVAL;
  if (!is_file(*file)) return file->kind == FileKind::kFolder ? -EISDIR : -ESPIPE;
  const Vectors to(kernel, frame.rsi, frame.rdx, true);
  return scatter(kernel, to, true, [&](void* part, std::uint64_t bytes, std::uint64_t done) {
    return read_at(kernel, *file, frame.r10 + done, part, bytes);
  });
}

std::int64_t call_pwritev(Kernel& kernel, ThreadState& thread, const Frame& frame, std::uint64_t flags) {
  if (flags != 0) return -EOPNOTSUPP;
  if (frame.rax == __NR_pwritev2 && frame.r10 == ~std::uint64_t{0}) return call_writev(kernel, thread, frame);
  const Held file(kernel, frame.rdi);
  if (!file || !file->writable) return -EBADF;
  if (static_cast<std::int64_t>(frame.r10) < 0) return -EINVAL;
  if (!is_file(*file)) return -ESPIPE;
  const Vectors from(kernel, frame.rsi, frame.rdx, false);
  return gather(kernel, from, [&](const void* part, std::uint64_t bytes, std::uint64_t done) {
    std::uint64_t end = 0;
    return write_at(kernel, *file, frame.r10 + done, part, bytes, end);
  });
}

void forget(Kernel& kernel, const OpenFile& last) {
  if (last.kind == FileKind::kFile) {
    kernel.files.close(static_cast<std::uint32_t>(last.object));
  } else if (last.kind == FileKind::kFolder) {
    close_folder(kernel, static_cast<std::uint32_t>(last.object));
  } else if (last.kind == FileKind::kSharedFile) {
    close_shared(kernel, last.object);
  } else if (last.kind == FileKind::kPipeEnd || last.kind == FileKind::kEvent || last.kind == FileKind::kPair) {
    close_channel(kernel, last);
  } else if (last.kind == FileKind::kSocket) {
    close_socket(kernel, last.object);
  } else if (last.kind == FileKind::kTimer) {
    kernel.timers.close(last.object);
  } else if (last.kind == FileKind::kEpoll) {
    kernel.epolls.close(kernel.memory, kernel.memory_lock, last.object);
  }
}

std::int64_t call_close(Kernel& kernel, std::uint64_t fd) {
  OpenFile last;
  const std::int64_t closed = kernel.descriptors.close(fd, last);
  forget(kernel, last);
  return closed;
}

std::int64_t call_close_range(Kernel& kernel, std::uint64_t first, std::uint64_t last, std::uint64_t flags) {
  constexpr std::uint64_t kOnlyOnExec = 4;  // CLOSE_RANGE_CLOEXEC; a table of its own no thread can have
  const std::uint64_t begin = first & 0xffffffff, end = last & 0xffffffff;
  if ((flags & ~kOnlyOnExec) != 0 || begin > end) return -EINVAL;
  for (std::uint64_t fd = begin; fd <= end && fd < Descriptors::kMost; ++fd) {
    if (flags == 0) {
      call_close(kernel, fd);
    } else {
      kernel.descriptors.set_close_on_exec(fd, true);
    }
  }
  return 0;
}

std::int64_t call_dup3(Kernel& kernel, std::uint64_t fd, std::uint64_t to, std::uint64_t flags) {
  if (fd == to || (flags & ~std::uint64_t{O_CLOEXEC}) != 0) return -EINVAL;
  OpenFile last;
  const std::int64_t duplicate = kernel.descriptors.duplicate_to(fd, to, flags != 0, last);
  forget(kernel, last);
  return duplicate;
}

namespace {

// POSIX locks are a process's, and there is no other one: whoever asks for one gets it, and nobody else has any.
std::int64_t lock_file(const Kernel& kernel, const OpenFile& file, std::uint64_t address, bool only_tell) {
  if (file.kind != FileKind::kFile) return -EINVAL;
  auto* lock = kernel.user.out<FileLock>(address);
  if (lock == nullptr) return -EFAULT;
  if (!lock->known_type() || lock->whence < 0 || lock->whence > SEEK_END || (only_tell && lock->type == F_UNLCK)) {
    return -EINVAL;
  }
  if (only_tell) {
    lock->type = F_UNLCK;
    return 0;
  }
  if ((lock->type == F_RDLCK && !file.readable) || (lock->type == F_WRLCK && !file.writable)) return -EBADF;
  return 0;
}

}  // namespace

std::int64_t call_fcntl(Kernel& kernel, const Frame& frame) {
  const Held file(kernel, frame.rdi);
  if (!file) return -EBADF;
  switch (frame.rsi) {
    case F_DUPFD: return kernel.descriptors.duplicate(frame.rdi, frame.rdx, false);
    case F_DUPFD_CLOEXEC: return kernel.descriptors.duplicate(frame.rdi, frame.rdx, true);
    case F_GETFD: return kernel.descriptors.close_on_exec(frame.rdi) ? FD_CLOEXEC : 0;
    case F_SETFD: kernel.descriptors.set_close_on_exec(frame.rdi, (frame.rdx & FD_CLOEXEC) != 0); return 0;
    case F_GETFL:
      return file->flags | (file->readable && file->writable ? O_RDWR : file->writable ? O_WRONLY : O_RDONLY);
    case F_SETFL: file->flags = static_cast<std::uint32_t>(frame.rdx) & (O_APPEND | O_NONBLOCK); return 0;
    case F_GETPIPE_SZ:
    case F_SETPIPE_SZ:
      if (file->kind != FileKind::kPipeEnd) return -EBADF;
      if (frame.rsi == F_GETPIPE_SZ) return Channels::kPipeBytes;
      if (static_cast<std::int32_t>(frame.rdx) < 0) return -EINVAL;
      return frame.rdx <= Channels::kPipeBytes ? std::int64_t{Channels::kPipeBytes} : -EPERM;
    case F_OFD_GETLK:
    case F_OFD_SETLK:
    case F_OFD_SETLKW:
    case F_GETLK:
    case F_SETLK:
    case F_SETLKW:
      if (file->kind == FileKind::kSharedFile) {
        return lock_shared(kernel, current_thread(), *file, frame.rsi, frame.rdx);
      }
      return lock_file(kernel, *file, frame.rdx, frame.rsi == F_GETLK || frame.rsi == F_OFD_GETLK);
    case F_GET_SEALS:
      if (file->kind == FileKind::kHostMemory) return F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW;
      [[fallthrough]];
    default: return -EINVAL;
  }
}

}  // namespace adyton::keep
