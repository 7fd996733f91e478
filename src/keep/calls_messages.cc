// SPDX-License-Identifier: Apache-2.0
// What goes over sockets, all of which are streams.
#include <asm/errno.h>
#include <asm/poll.h>
#include <asm/signal.h>
#include <linux/fcntl.h>

#include "keep/calls.h"
#include "keep/host_interface.h"
#include "keep/readiness.h"
#include "keep/signals.h"
#include "keep/socket_calls.h"
#include "keep/vectors.h"

namespace adyton::keep {
namespace {

constexpr std::uint64_t kCloseOnExec = 0x40000000, kMostAtOnce = HostPage::kDataBytes;
constexpr std::uint64_t kOfSend = kDontWait | kNoSignal | kMore;
constexpr std::uint64_t kOfReceive = kPeek | kDontWait | kWaitAll | kNoSignal | kCloseOnExec;

struct Message {  // struct user_msghdr
  std::uint64_t name;
  std::uint32_t name_bytes, pad;
  std::uint64_t vectors, vector_count, control, control_bytes;
  std::uint32_t flags, pad_too;
};
static_assert(sizeof(Message) == 56);

bool waits(const OpenFile& file, std::uint64_t flags) {
  return (file.flags & O_NONBLOCK) == 0 && (flags & kDontWait) == 0;
}

// One that can send and receive: 0, or what is wrong.
std::int64_t check(const Held& file) {
  if (!file) return -EBADF;
  return file->kind == FileKind::kPair || file->kind == FileKind::kSocket ? 0 : -ENOTSOCK;
}

// Streams have no address of whom they are from.
std::int64_t give_no_address(Kernel& kernel, std::uint64_t size_at) {
  auto* size = kernel.user.out<std::uint32_t>(size_at);
  if (size == nullptr) return -EFAULT;
  *size = 0;
  return 0;
}

}  // namespace

void signal_broken_pipe(Kernel& kernel, const ThreadState& thread, std::uint64_t flags) {
  if ((flags & kNoSignal) == 0) send_signal(kernel, thread.thread_id, SIGPIPE, sent_by_this_process(0));
}

std::int64_t send(Kernel& kernel, ThreadState& thread, OpenFile& file, const void* from, std::uint64_t bytes,
                  std::uint64_t flags) {
  if ((flags & ~kOfSend) != 0) return -EOPNOTSUPP;
  if (file.kind == FileKind::kPair) return send_pair(kernel, thread, file, from, bytes, flags);
  std::uint64_t done = 0;
  do {
    ++file.uses;
    const std::uint64_t part = bytes - done < kMostAtOnce ? bytes - done : kMostAtOnce;
    copy_to_host(thread.host_page, static_cast<const char*>(from) + done, part);
    const std::int64_t sent = checked_result(ask_host(KeepRequest::kSend, file.object, part).result, part);
    if (sent == -EAGAIN && waits(file, flags)) {
      const std::int64_t ready = wait_for_one(kernel, thread, file, POLLOUT);
      if (ready < 0) return done > 0 ? static_cast<std::int64_t>(done) : -kRestart;
      continue;
    }
    if (sent == -EPIPE) signal_broken_pipe(kernel, thread, flags);
    if (sent < 0) return done > 0 ? static_cast<std::int64_t>(done) : sent;
    done += static_cast<std::uint64_t>(sent);
    if (!waits(file, flags) && static_cast<std::uint64_t>(sent) < part) break;
  } while (done < bytes);
  return static_cast<std::int64_t>(done);
}

std::int64_t receive(Kernel& kernel, ThreadState& thread, OpenFile& file, void* to, std::uint64_t bytes,
                     std::uint64_t flags) {
  if ((flags & ~kOfReceive) != 0) return -EOPNOTSUPP;
  if (file.kind == FileKind::kPair) return receive_pair(kernel, thread, file, to, bytes, flags);
  const bool all = (flags & kWaitAll) != 0 && (flags & kPeek) == 0;
  std::uint64_t done = 0;
  while (true) {
    ++file.uses;
    const std::uint64_t part = bytes - done < kMostAtOnce ? bytes - done : kMostAtOnce;
    const std::int64_t taken =
        checked_result(ask_host(KeepRequest::kReceive, file.object, part, flags & kPeek).result, part);
    if (taken == -EAGAIN && waits(file, flags)) {
      const std::int64_t ready = wait_for_one(kernel, thread, file, POLLIN);
      if (ready < 0) return done > 0 ? static_cast<std::int64_t>(done) : -kRestart;
      continue;
    }
    if (taken < 0) return done > 0 ? static_cast<std::int64_t>(done) : taken;
    copy_from_host(static_cast<char*>(to) + done, thread.host_page, static_cast<std::uint64_t>(taken));
    done += static_cast<std::uint64_t>(taken);
    if (!all || taken == 0 || done == bytes) return static_cast<std::int64_t>(done);
  }
}

std::int64_t call_sendto(Kernel& kernel, ThreadState& thread, const Frame& frame) {
  const Held file(kernel, frame.rdi);
  if (const std::int64_t error = check(file); error < 0) return error;
  if (!kernel.user.readable(frame.rsi, frame.rdx)) return -EFAULT;
  if (frame.r8 != 0 && file->kind == FileKind::kPair) return -EISCONN;
  return send(kernel, thread, *file, at<const void>(frame.rsi), frame.rdx, frame.r10);
}

std::int64_t call_recvfrom(Kernel& kernel, ThreadState& thread, const Frame& frame) {
  const Held file(kernel, frame.rdi);
  if (const std::int64_t error = check(file); error < 0) return error;
  if (!kernel.user.writable(frame.rsi, frame.rdx)) return -EFAULT;
  const std::int64_t taken = receive(kernel, thread, *file, at<void>(frame.rsi), frame.rdx, frame.r10);
  if (taken < 0 || frame.r8 == 0) return taken;
  const std::int64_t error = give_no_address(kernel, frame.r9);
  return error < 0 ? error : taken;
}

std::int64_t call_sendmsg(Kernel& kernel, ThreadState& thread, const Frame& frame) {
  const Held file(kernel, frame.rdi);
  if (const std::int64_t error = check(file); error < 0) return error;
  const auto* given = kernel.user.in<Message>(frame.rsi);
  if (given == nullptr) return -EFAULT;
  const Message message = *given;
  if (message.control_bytes != 0) return -EOPNOTSUPP;
  if (message.name != 0 && file->kind == FileKind::kPair) return -EISCONN;
  if (message.vector_count > Vectors::kMost) return -EMSGSIZE;
  const Vectors from(kernel, message.vectors, message.vector_count, false);
  return gather(kernel, from, [&](const void* part, std::uint64_t bytes, std::uint64_t) {
    return send(kernel, thread, *file, part, bytes, frame.rdx);
  });
}

std::int64_t call_recvmsg(Kernel& kernel, ThreadState& thread, const Frame& frame) {
  const Held file(kernel, frame.rdi);
  if (const std::int64_t error = check(file); error < 0) return error;
  auto* given = kernel.user.out<Message>(frame.rsi);
  if (given == nullptr) return -EFAULT;
  const Message message = *given;
  if (message.vector_count > Vectors::kMost) return -EMSGSIZE;
  const Vectors to(kernel, message.vectors, message.vector_count, true);
  const bool all = (frame.rdx & kWaitAll) != 0 && (frame.rdx & kPeek) == 0;
  const std::int64_t taken = scatter(kernel, to, all, [&](void* part, std::uint64_t bytes, std::uint64_t) {
    return receive(kernel, thread, *file, part, bytes, frame.rdx);
  });
  if (taken < 0) return taken;
  given->control_bytes = 0;
  given->flags = 0;
  given->name_bytes = 0;
  return taken;
}

}  // namespace adyton::keep
