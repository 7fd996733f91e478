// SPDX-License-Identifier: Apache-2.0
// Pipes and eventfds.
#include <asm/errno.h>
#include <asm/signal.h>

#include "keep/blocking.h"
#include "keep/signals.h"
#include "keep/socket_calls.h"

namespace adyton::keep {
namespace {

constexpr std::uint64_t kSemaphore = 1;  // EFD_SEMAPHORE; the other flags of eventfd2() are those of open()

}  // namespace

std::int64_t call_pipe(Kernel& kernel, std::uint64_t to, std::uint64_t flags) {
  if ((flags & ~std::uint64_t{O_CLOEXEC | O_NONBLOCK}) != 0) return -EINVAL;
  auto* descriptors = kernel.user.out<std::uint32_t>(to, 2);
  if (descriptors == nullptr) return -EFAULT;
  const std::int64_t index = kernel.channels.open_pipe(kernel.memory, kernel.memory_lock);
  if (index < 0) return index;
  const auto object = static_cast<std::uint64_t>(index);
  const bool close = (flags & O_CLOEXEC) != 0;
  OpenFile end{.kind = FileKind::kPipeEnd,
               .readable = true,
               .flags = static_cast<std::uint32_t>(flags & O_NONBLOCK),
               .object = object};
  const std::int64_t reader = kernel.descriptors.open(end, close);
  if (reader < 0) {
    kernel.channels.close_pipe(kernel.memory, kernel.memory_lock, object, true);
    kernel.channels.close_pipe(kernel.memory, kernel.memory_lock, object, false);
    return reader;
  }
  end.readable = false;
  end.writable = true;
  const std::int64_t writer = kernel.descriptors.open(end, close);
  if (writer < 0) {
    kernel.channels.close_pipe(kernel.memory, kernel.memory_lock, object, false);
    call_close(kernel, static_cast<std::uint64_t>(reader));
    return writer;
  }
  descriptors[0] = static_cast<std::uint32_t>(reader);
  descriptors[1] = static_cast<std::uint32_t>(writer);
  return 0;
}

std::int64_t call_eventfd(Kernel& kernel, std::uint64_t value, std::uint64_t flags) {
  if ((flags & ~std::uint64_t{kSemaphore | O_CLOEXEC | O_NONBLOCK}) != 0) return -EINVAL;
  const std::int64_t index = kernel.channels.open_event(value & 0xffffffff, (flags & kSemaphore) != 0);
  if (index < 0) return index;
  const OpenFile file{.kind = FileKind::kEvent,
                      .readable = true,
                      .writable = true,
                      .flags = static_cast<std::uint32_t>(flags & O_NONBLOCK),
                      .object = static_cast<std::uint64_t>(index)};
  const std::int64_t descriptor = kernel.descriptors.open(file, (flags & O_CLOEXEC) != 0);
  if (descriptor < 0) kernel.channels.close_event(file.object);
  return descriptor;
}

namespace {

std::int64_t write_pipe(Kernel& kernel, ThreadState& thread, const OpenFile& file, std::uint64_t pipe, const void* from,
                        std::uint64_t bytes, std::uint64_t flags) {
  const bool waits = blocks(file) && (flags & kDontWait) == 0;
  const auto* next = static_cast<const char*>(from);
  std::uint64_t done = 0;
  while (done < bytes) {
    const std::int64_t part = until_done(kernel, thread, file, waits,
                                         [&] { return kernel.channels.write_pipe(pipe, next + done, bytes - done); });
    if (part == -EPIPE) signal_broken_pipe(kernel, thread, flags);
    if (part < 0) return done > 0 ? static_cast<std::int64_t>(done) : part;
    done += static_cast<std::uint64_t>(part);
    if (!waits) break;
  }
  return static_cast<std::int64_t>(done);
}

}  // namespace

std::int64_t read_channel(Kernel& kernel, ThreadState& thread, const OpenFile& file, void* to, std::uint64_t bytes) {
  if (file.kind != FileKind::kEvent) {
    return until_done(kernel, thread, file, [&] { return kernel.channels.read_pipe(file.object, to, bytes); });
  }
  if (bytes < 8) return -EINVAL;
  std::uint64_t value = 0;
  const std::int64_t done =
      until_done(kernel, thread, file, [&] { return kernel.channels.read_event(file.object, value); });
  if (done > 0) __builtin_memcpy(to, &value, 8);
  return done;
}

std::int64_t write_channel(Kernel& kernel, ThreadState& thread, const OpenFile& file, const void* from,
                           std::uint64_t bytes) {
  if (file.kind != FileKind::kEvent) return write_pipe(kernel, thread, file, file.object, from, bytes, 0);
  if (bytes < 8) return -EINVAL;
  std::uint64_t value = 0;
  __builtin_memcpy(&value, from, 8);
  return until_done(kernel, thread, file, [&] { return kernel.channels.write_event(file.object, value); });
}

std::int64_t receive_pair(Kernel& kernel, ThreadState& thread, const OpenFile& file, void* to, std::uint64_t bytes,
                          std::uint64_t flags) {
  const bool waits = blocks(file) && (flags & kDontWait) == 0, peeks = (flags & kPeek) != 0;
  std::uint64_t done = 0;
  while (true) {
    const std::int64_t part = until_done(kernel, thread, file, waits, [&] {
      return kernel.channels.read_pipe(file.object & 0xffffffff, static_cast<char*>(to) + done, bytes - done, peeks);
    });
    if (part < 0) return done > 0 ? static_cast<std::int64_t>(done) : part;
    done += static_cast<std::uint64_t>(part);
    if ((flags & kWaitAll) == 0 || peeks || part == 0 || done == bytes) return static_cast<std::int64_t>(done);
  }
}

std::int64_t send_pair(Kernel& kernel, ThreadState& thread, const OpenFile& file, const void* from, std::uint64_t bytes,
                       std::uint64_t flags) {
  return write_pipe(kernel, thread, file, file.object >> 32, from, bytes, flags);
}

void close_channel(Kernel& kernel, const OpenFile& last) {
  if (last.kind == FileKind::kEvent) {
    kernel.channels.close_event(last.object);
  } else if (last.kind == FileKind::kPair) {
    kernel.channels.close_pipe(kernel.memory, kernel.memory_lock, last.object & 0xffffffff, true);
    kernel.channels.close_pipe(kernel.memory, kernel.memory_lock, last.object >> 32, false);
    wake_pollers(kernel);
  } else {
    kernel.channels.close_pipe(kernel.memory, kernel.memory_lock, last.object, last.readable);
    wake_pollers(kernel);
  }
}

std::int64_t open_pair(Kernel& kernel, std::uint64_t type_flags, std::uint32_t& one, std::uint32_t& other) {
  std::int64_t pipes[2]{};
  for (std::int64_t& pipe : pipes) {
    pipe = kernel.channels.open_pipe(kernel.memory, kernel.memory_lock);
    if (pipe < 0) break;
  }
  const auto first = static_cast<std::uint64_t>(pipes[0]), second = static_cast<std::uint64_t>(pipes[1]);
  if (pipes[0] < 0) return pipes[0];
  const auto drop = [&](std::uint64_t pipe) {
    kernel.channels.close_pipe(kernel.memory, kernel.memory_lock, pipe, true);
    kernel.channels.close_pipe(kernel.memory, kernel.memory_lock, pipe, false);
  };
  if (pipes[1] < 0) {
    drop(first);
    return pipes[1];
  }
  OpenFile file{.kind = FileKind::kPair,
                .readable = true,
                .writable = true,
                .flags = static_cast<std::uint32_t>(type_flags & O_NONBLOCK),
                .object = first | second << 32};
  const bool close = (type_flags & O_CLOEXEC) != 0;
  const std::int64_t left = kernel.descriptors.open(file, close);
  if (left < 0) {
    drop(first);
    drop(second);
    return left;
  }
  file.object = second | first << 32;
  const std::int64_t right = kernel.descriptors.open(file, close);
  if (right < 0) {
    close_channel(kernel, file);
    call_close(kernel, static_cast<std::uint64_t>(left));
    return right;
  }
  one = static_cast<std::uint32_t>(left);
  other = static_cast<std::uint32_t>(right);
  return 0;
}

void shut_pair(Kernel& kernel, const OpenFile& file, bool reading, bool writing) {
  if (reading) kernel.channels.shut_pipe(file.object & 0xffffffff, true);
  if (writing) kernel.channels.shut_pipe(file.object >> 32, false);
  wake_pollers(kernel);
}

}  // namespace adyton::keep
