// SPDX-License-Identifier: Apache-2.0
// What a process asks about itself and gets the only answer that there is: user 1000, one scheduler, no groups.
#include <asm/errno.h>
#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <linux/fcntl.h>
#include <linux/resource.h>

#include "keep/calls.h"
#include "keep/host_interface.h"

namespace adyton::keep {
namespace {

constexpr std::uint32_t kUser = 1000, kSame = ~0U;

std::int64_t in_ticks(Time time) { return time.seconds * 100 + time.nanoseconds / 10'000'000; }  // AT_CLKTCK

// Of sockets what the host says that could be had at once.
std::int64_t bytes_to_read(Kernel& kernel, const OpenFile& file) {
  switch (file.kind) {
    case FileKind::kPipeEnd: return kernel.channels.bytes_in_pipe(file.object);
    case FileKind::kPair: return kernel.channels.bytes_in_pipe(file.object & 0xffffffff);
    case FileKind::kSocket: {
      constexpr std::uint64_t kPeek = 2;  // MSG_PEEK
      const std::int64_t bytes = checked_result(
          ask_host(KeepRequest::kReceive, file.object, HostPage::kDataBytes, kPeek).result, HostPage::kDataBytes);
      return bytes == -EAGAIN || bytes == -ENOTCONN ? 0 : bytes;
    }
    case FileKind::kFile:
    case FileKind::kSharedFile: {
      Node node;
      const std::int64_t error = describe(kernel, file, node);
      return error < 0 ? error : node.size > file.offset ? static_cast<std::int64_t>(node.size - file.offset) : 0;
    }
    default: return -ENOTTY;
  }
}

}  // namespace

std::int64_t call_getrusage(Kernel& kernel, ThreadState& thread, std::uint64_t whose, std::uint64_t to) {
  const auto who = static_cast<std::int32_t>(whose);
  if (who != RUSAGE_SELF && who != RUSAGE_CHILDREN && who != RUSAGE_THREAD) return -EINVAL;
  auto* out = kernel.user.out<struct rusage>(to);
  if (out == nullptr) return -EFAULT;
  *out = {};
  if (who == RUSAGE_CHILDREN) return 0;  // there are none
  // The application's and the system's are not told apart.
  const Time now = who == RUSAGE_SELF ? kernel.clock.used_by_all() : kernel.clock.used_by(thread.index, thread.used);
  out->ru_utime = {now.seconds, now.nanoseconds / 1000};
  const Locked locked(kernel.memory_lock);
  out->ru_maxrss = static_cast<long>((kernel.memory.taken_bytes() + kernel.stacks.taken_bytes()) / 1024);
  return 0;
}

std::int64_t call_times(Kernel& kernel, std::uint64_t to) {
  const std::int64_t ticks = in_ticks(kernel.clock.now(Clock::kMonotonic));
  if (to != 0) {
    auto* out = kernel.user.out<std::int64_t>(to, 4);
    if (out == nullptr) return -EFAULT;
    const Time used = kernel.clock.used_by_all();
    out[0] = in_ticks(used);
    out[1] = out[2] = out[3] = 0;
  }
  return ticks;
}

std::int64_t call_get_ids(Kernel& kernel, const Frame& frame) {
  const std::uint64_t addresses[] = {frame.rdi, frame.rsi, frame.rdx};
  for (const std::uint64_t address : addresses) {
    auto* out = kernel.user.out<std::uint32_t>(address);
    if (out == nullptr) return -EFAULT;
    *out = kUser;
  }
  return 0;
}

std::int64_t call_set_id(std::uint64_t id) { return static_cast<std::uint32_t>(id) == kUser ? 0 : -EPERM; }

std::int64_t call_set_ids(const Frame& frame, int count) {
  const std::uint64_t ids[] = {frame.rdi, frame.rsi, frame.rdx};
  for (int index = 0; index < count; ++index) {
    const auto id = static_cast<std::uint32_t>(ids[index]);
    if (id != kUser && id != kSame) return -EPERM;
  }
  return 0;
}

std::int64_t call_getgroups(Kernel& kernel, std::uint64_t count, std::uint64_t to) {
  if (count == 0) return 1;
  auto* out = kernel.user.out<std::uint32_t>(to);
  if (out == nullptr) return -EFAULT;
  *out = kUser;
  return 1;
}

std::int64_t call_sched_getparam(Kernel& kernel, std::uint64_t to) {
  auto* out = kernel.user.out<std::int32_t>(to);
  if (out == nullptr) return -EFAULT;
  *out = 0;
  return 0;
}

std::int64_t call_sched_setscheduler(Kernel& kernel, std::uint64_t policy, std::uint64_t parameter) {
  const auto* priority = kernel.user.in<std::int32_t>(parameter);
  if (priority == nullptr) return -EFAULT;
  if (policy == 0) return *priority == 0 ? 0 : -EINVAL;  // SCHED_OTHER
  return policy <= 6 ? -EPERM : -EINVAL;
}

std::int64_t call_chown(Kernel& kernel, std::uint64_t at_descriptor, std::uint64_t path, std::uint64_t user,
                        std::uint64_t group) {
  if (path != 0) {
    if (const std::int64_t error = call_access(kernel, at_descriptor, path); error < 0) return error;
  } else if (!kernel.descriptors.has(at_descriptor)) {
    return -EBADF;
  }
  return call_set_ids({.rsi = group, .rdi = user}, 2);
}

Terminal terminal_of(const OpenFile& file) {
  if (file.kind != FileKind::kInput && file.kind != FileKind::kOutput) return {};
  const RawAnswer told = ask_host(KeepRequest::kTerminal, file.object);
  return {.is_one = told.result == 1, .size = told.b};
}

std::int64_t call_ioctl(Kernel& kernel, const Frame& frame) {
  const Held file(kernel, frame.rdi);
  if (!file) return -EBADF;
  switch (frame.rsi) {
    case FIONBIO: {
      const auto* on = kernel.user.in<std::int32_t>(frame.rdx);
      if (on == nullptr) return -EFAULT;
      file->flags = *on != 0 ? file->flags | O_NONBLOCK : file->flags & ~std::uint32_t{O_NONBLOCK};
      return 0;
    }
    case FIONREAD: {
      auto* out = kernel.user.out<std::int32_t>(frame.rdx);
      const std::int64_t bytes = out != nullptr ? bytes_to_read(kernel, *file) : -EFAULT;
      if (bytes < 0) return bytes;
      *out = static_cast<std::int32_t>(bytes < 0x7fffffff ? bytes : 0x7fffffff);
      return 0;
    }
    case TCGETS: {
      const Terminal terminal = terminal_of(*file);
      auto* out = kernel.user.out<struct termios>(frame.rdx);
      if (!terminal.is_one) return -ENOTTY;
      if (out == nullptr) return -EFAULT;
      // As a terminal is at first; what the host's is like is not asked.
      *out = {.c_iflag = ICRNL | IXON,
              .c_oflag = OPOST | ONLCR,
              .c_cflag = B38400 | CS8 | CREAD,
              .c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN};
      return 0;
    }
    case TIOCGWINSZ: {
      const Terminal terminal = terminal_of(*file);
      auto* out = kernel.user.out<std::uint64_t>(frame.rdx);
      if (!terminal.is_one) return -ENOTTY;
      if (out == nullptr) return -EFAULT;
      *out = terminal.size;
      return 0;
    }
    case FIOCLEX: kernel.descriptors.set_close_on_exec(frame.rdi, true); return 0;
    case FIONCLEX: kernel.descriptors.set_close_on_exec(frame.rdi, false); return 0;
    default: return -ENOTTY;
  }
}

}  // namespace adyton::keep
