// SPDX-License-Identifier: Apache-2.0
// What goes over sockets: in the host's page an address first, in kKeepAddressBytes, then the bytes.
#include <asm/errno.h>
#include <asm/poll.h>
#include <asm/signal.h>
#include <linux/fcntl.h>
#include <linux/mman.h>

#include "keep/calls.h"
#include "keep/host_interface.h"
#include "keep/signals.h"
#include "keep/socket_calls.h"

namespace adyton::keep {
namespace {

constexpr std::uint64_t kPeek = 0x2, kDontWait = 0x40, kWaitAll = 0x100, kNoSignal = 0x4000, kMore = 0x8000;  // MSG_
constexpr std::uint64_t kCloseOnExec = 0x40000000, kMostAtOnce = HostPage::kDataBytes - kKeepAddressBytes;

struct Vector {  // struct iovec
  std::uint64_t address, bytes;
};
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

// The parts of a message one after the other, where they are in several.
class Joined {
 public:
  Joined(Kernel& kernel, std::uint64_t bytes) : kernel_(kernel), bytes_(page_ceiling(bytes)) {
    const Locked locked(kernel.memory_lock);
    address_ = kernel.memory.map(0, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
  }
  Joined(const Joined&) = delete;
  Joined& operator=(const Joined&) = delete;
  ~Joined() {
    if (address_ < 0) return;
    const Locked locked(kernel_.memory_lock);
    kernel_.memory.unmap(static_cast<std::uint64_t>(address_), bytes_);
  }
  [[nodiscard]] bool there() const { return address_ > 0; }
  [[nodiscard]] std::uint64_t address() const { return static_cast<std::uint64_t>(address_); }

 private:
  Kernel& kernel_;
  const std::uint64_t bytes_;
  std::int64_t address_ = 0;
};

// Calls move(vector) for each checked part of a message, until `most` bytes. How many those are, or minus errno.
template <typename Move>
std::int64_t each_part(Kernel& kernel, const Message& message, bool write, std::uint64_t most, Move&& move) {
  if (message.vector_count > 1024) return -EMSGSIZE;
  const auto* vectors = kernel.user.in<Vector>(message.vectors, message.vector_count);
  if (vectors == nullptr && message.vector_count != 0) return -EFAULT;
  std::uint64_t done = 0;
  for (std::uint64_t index = 0; index < message.vector_count && done < most; ++index) {
    Vector one = vectors[index];
    if (!(write ? kernel.user.writable(one.address, one.bytes) : kernel.user.readable(one.address, one.bytes)))
      return -EFAULT;
    if (one.bytes > most - done) one.bytes = most - done;
    move(one, done);
    done += one.bytes;
  }
  return static_cast<std::int64_t>(done);
}

const Message* message_of(Kernel& kernel, std::uint64_t address) { return kernel.user.out<Message>(address); }

}  // namespace

std::int64_t send(Kernel& kernel, ThreadState& thread, OpenFile& file, const void* from, std::uint64_t bytes,
                  std::uint64_t flags, const SocketAddress* to) {
  const bool stream = kernel.sockets.at_number(file.object).stream;
  if ((flags & ~(kDontWait | kNoSignal | kMore)) != 0) return -EOPNOTSUPP;
  if (!stream && bytes > kMostAtOnce) return -EMSGSIZE;
  std::uint64_t done = 0;
  do {
    ++file.uses;
    const std::uint64_t part = bytes - done < kMostAtOnce ? bytes - done : kMostAtOnce;
    copy_to_host(thread.host_page + kKeepAddressBytes, static_cast<const char*>(from) + done, part);
    if (to != nullptr) put_address(thread, *to);
    const std::int64_t sent =
        checked_result(ask_host(KeepRequest::kSend, file.object, to != nullptr ? to->size : 0, part).result, part);
    if (sent == -EAGAIN && waits(file, flags)) {
      const std::int64_t ready = wait_for_socket(kernel, thread, file, POLLOUT);
      if (ready < 0) return done > 0 ? static_cast<std::int64_t>(done) : -kRestart;
      continue;
    }
    if (sent == -EPIPE && (flags & kNoSignal) == 0) {
      send_signal(kernel, thread.thread_id, SIGPIPE, sent_by_this_process(0));
    }
    if (sent < 0) return done > 0 ? static_cast<std::int64_t>(done) : sent;
    done += static_cast<std::uint64_t>(sent);
    if (!stream || !waits(file, flags)) break;
  } while (done < bytes);
  return static_cast<std::int64_t>(done);
}

std::int64_t receive(Kernel& kernel, ThreadState& thread, OpenFile& file, void* to, std::uint64_t bytes,
                     std::uint64_t flags, SocketAddress* from) {
  const Socket socket = kernel.sockets.at_number(file.object);
  if ((flags & ~(kPeek | kDontWait | kWaitAll | kNoSignal | kCloseOnExec)) != 0) return -EOPNOTSUPP;
  const bool all = socket.stream && (flags & kWaitAll) != 0 && (flags & kPeek) == 0;
  std::uint64_t done = 0;
  while (true) {
    ++file.uses;
    const std::uint64_t part = bytes - done < kMostAtOnce ? bytes - done : kMostAtOnce;
    const RawAnswer answer = ask_host(KeepRequest::kReceive, file.object, part, flags & kPeek);
    const std::int64_t taken = checked_result(answer.result, part);
    if (taken == -EAGAIN && waits(file, flags)) {
      const std::int64_t ready = wait_for_socket(kernel, thread, file, POLLIN);
      if (ready < 0) return done > 0 ? static_cast<std::int64_t>(done) : -kRestart;
      continue;
    }
    if (taken < 0) return done > 0 ? static_cast<std::int64_t>(done) : taken;
    if (from != nullptr && !socket.stream && !take_host_address(thread, socket, answer.b, *from)) return -EIO;
    copy_from_host(static_cast<char*>(to) + done, thread.host_page + kKeepAddressBytes,
                   static_cast<std::uint64_t>(taken));
    done += static_cast<std::uint64_t>(taken);
    if (!all || taken == 0 || done == bytes) return static_cast<std::int64_t>(done);
  }
}

std::int64_t call_sendto(Kernel& kernel, ThreadState& thread, const Frame& frame) {
  const Held file(kernel, frame.rdi);
  if (!file) return -EBADF;
  if (!kernel.user.readable(frame.rsi, frame.rdx)) return -EFAULT;
  if (file->kind == FileKind::kPair) return call_write(kernel, thread, frame.rdi, frame.rsi, frame.rdx);
  if (file->kind != FileKind::kSocket) return -ENOTSOCK;
  SocketAddress address;
  const Socket& socket = kernel.sockets.at_number(file->object);
  const bool named = frame.r8 != 0 && !socket.stream;
  if (named) {
    const std::int64_t error = take_address(kernel, socket, frame.r8, frame.r9 & 0xffffffff, address);
    if (error < 0) return error;
    if (!kernel.manifest.allows_port(false, address.port())) return -EACCES;
  }
  return send(kernel, thread, *file, at<const void>(frame.rsi), frame.rdx, frame.r10, named ? &address : nullptr);
}

std::int64_t call_recvfrom(Kernel& kernel, ThreadState& thread, const Frame& frame) {
  const Held file(kernel, frame.rdi);
  if (!file) return -EBADF;
  if (!kernel.user.writable(frame.rsi, frame.rdx)) return -EFAULT;
  if (file->kind == FileKind::kPair) return call_read(kernel, thread, frame.rdi, frame.rsi, frame.rdx);
  if (file->kind != FileKind::kSocket) return -ENOTSOCK;
  SocketAddress from;
  const std::int64_t taken = receive(kernel, thread, *file, at<void>(frame.rsi), frame.rdx, frame.r10, &from);
  if (taken < 0 || frame.r8 == 0) return taken;
  const std::int64_t error = give_address(kernel, from, frame.r8, frame.r9);
  return error < 0 ? error : taken;
}

std::int64_t call_sendmsg(Kernel& kernel, ThreadState& thread, const Frame& frame) {
  const Message* given = message_of(kernel, frame.rsi);
  if (given == nullptr) return -EFAULT;
  const Message message = *given;
  if (message.control_bytes != 0) return -EOPNOTSUPP;
  const Joined joined(kernel, kMostAtOnce);
  if (!joined.there()) return -ENOMEM;
  const std::int64_t bytes =
      each_part(kernel, message, false, kMostAtOnce, [&](const Vector& part, std::uint64_t done) {
        __builtin_memcpy(at<void>(joined.address() + done), at<const void>(part.address), part.bytes);
      });
  if (bytes < 0) return bytes;
  Frame sendto = frame;
  sendto.rsi = joined.address();
  sendto.r10 = frame.rdx;
  sendto.rdx = static_cast<std::uint64_t>(bytes);
  sendto.r8 = message.name;
  sendto.r9 = message.name_bytes;
  return call_sendto(kernel, thread, sendto);
}

std::int64_t call_recvmsg(Kernel& kernel, ThreadState& thread, const Frame& frame) {
  auto* given = kernel.user.out<Message>(frame.rsi);
  if (given == nullptr) return -EFAULT;
  const Message message = *given;
  const Joined joined(kernel, kMostAtOnce);
  if (!joined.there()) return -ENOMEM;
  const std::int64_t room = each_part(kernel, message, true, kMostAtOnce, [](const Vector&, std::uint64_t) {});
  if (room < 0) return room;
  Frame recvfrom = frame;
  recvfrom.rsi = joined.address();
  recvfrom.r10 = frame.rdx;
  recvfrom.rdx = static_cast<std::uint64_t>(room);
  recvfrom.r8 = message.name;
  recvfrom.r9 = frame.rsi + offsetof(Message, name_bytes);
  const std::int64_t taken = call_recvfrom(kernel, thread, recvfrom);
  if (taken < 0) return taken;
  each_part(kernel, message, true, static_cast<std::uint64_t>(taken), [&](const Vector& part, std::uint64_t done) {
    __builtin_memcpy(at<void>(part.address), at<const void>(joined.address() + done), part.bytes);
  });
  given->control_bytes = 0;
  given->flags = 0;
  if (message.name == 0) given->name_bytes = 0;
  return taken;
}

}  // namespace adyton::keep
