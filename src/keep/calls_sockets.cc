// SPDX-License-Identifier: Apache-2.0
// Sockets, less what is sent and received. The host's never block: who wants to wait does so by readiness.h.
#include <asm/errno.h>
#include <asm/socket.h>
#include <linux/fcntl.h>
#include <linux/in.h>
#include <linux/net.h>
#include <linux/tcp.h>

#include "keep/calls.h"
#include "keep/readiness.h"
#include "keep/socket_calls.h"

namespace adyton::keep {
namespace {

constexpr std::uint64_t kUnix = 1, kInternet = 2, kInternet6 = 10, kStream = 1;  // AF_, SOCK_
constexpr std::uint64_t kTypeMask = 0xf;
constexpr std::uint64_t kShutReading = 0, kShutWriting = 1, kShutBoth = 2;  // SHUT_RD and the others

std::int64_t open_socket(Kernel& kernel, std::uint64_t number, std::uint64_t type_flags) {
  const OpenFile file{.kind = FileKind::kSocket,
                      .readable = true,
                      .writable = true,
                      .flags = static_cast<std::uint32_t>(type_flags & O_NONBLOCK),
                      .object = number};
  const std::int64_t descriptor = kernel.descriptors.open(file, (type_flags & O_CLOEXEC) != 0);
  if (descriptor < 0) close_socket(kernel, number);
  return descriptor;
}

std::int64_t ask(KeepRequest request, std::uint64_t a, std::uint64_t b = 0, std::uint64_t c = 0) {
  return checked_result(ask_host(request, a, b, c).result, 0);
}

std::int64_t name_of(Kernel& kernel, ThreadState& thread, const Frame& frame, std::uint64_t which) {
  const Held file(kernel, frame.rdi);
  if (!file) return -EBADF;
  SocketAddress address;
  if (file->kind == FileKind::kPair) {  // has none, but a family
    address.bytes[0] = kUnix;
    address.size = 2;
    return give_address(kernel, address, frame.rsi, frame.rdx);
  }
  if (file->kind != FileKind::kSocket) return -ENOTSOCK;
  const Socket& socket = kernel.sockets.at_number(file->object);
  const std::int64_t bytes = checked_result(ask_host(KeepRequest::kSocketName, file->object, which).result, 28);
  if (bytes < 0) return bytes;
  if (!take_host_address(thread, socket, static_cast<std::uint64_t>(bytes), address)) return -EIO;
  return give_address(kernel, address, frame.rsi, frame.rdx);
}

// Options whose value is an int, and which the host may be asked for.
bool known_option(std::uint64_t level, std::uint64_t name) {
  switch (level) {
    case SOL_SOCKET:
      return name == SO_REUSEADDR || name == SO_ERROR || name == SO_BROADCAST || name == SO_SNDBUF ||
             name == SO_RCVBUF || name == SO_KEEPALIVE || name == SO_REUSEPORT || name == SO_ACCEPTCONN;
    case IPPROTO_TCP:
      return name == TCP_NODELAY || name == TCP_CORK || name == TCP_KEEPIDLE || name == TCP_KEEPINTVL ||
             name == TCP_KEEPCNT || name == TCP_DEFER_ACCEPT || name == TCP_QUICKACK || name == TCP_USER_TIMEOUT;
    case IPPROTO_IP: return name == IP_TOS || name == IP_TTL;
    case IPPROTO_IPV6: return name == 26 || name == 16;  // IPV6_V6ONLY, IPV6_UNICAST_HOPS
    default: return false;
  }
}

}  // namespace

Held socket_file(Kernel& kernel, std::uint64_t descriptor, std::int64_t& error) {
  Held file(kernel, descriptor);
  error = !file ? -EBADF : file->kind == FileKind::kPair ? -EINVAL : -ENOTSOCK;  // a pair is connected already
  if (file && file->kind != FileKind::kSocket) file = {};
  return file;
}

void close_socket(Kernel& kernel, std::uint64_t number) {
  ask_host(KeepRequest::kCloseSocket, number);
  kernel.sockets.close(number);
}

std::int64_t take_address(Kernel& kernel, const Socket& socket, std::uint64_t from, std::uint64_t bytes,
                          SocketAddress& address) {
  const std::uint64_t wanted = address_bytes(socket.domain);
  if (bytes < wanted || bytes > 128) return -EINVAL;
  if (!kernel.user.readable(from, bytes)) return -EFAULT;
  __builtin_memcpy(address.bytes, at<const void>(from), wanted);
  address.size = wanted;
  return address.family() == socket.domain ? 0 : -EAFNOSUPPORT;
}

bool take_host_address(const ThreadState& thread, const Socket& socket, std::uint64_t bytes, SocketAddress& address) {
  if (bytes != address_bytes(socket.domain)) return false;
  copy_from_host(address.bytes, thread.host_page, bytes);
  address.bytes[0] = static_cast<std::uint8_t>(socket.domain);
  address.bytes[1] = 0;
  address.size = bytes;
  return true;
}

std::int64_t give_address(Kernel& kernel, const SocketAddress& address, std::uint64_t to, std::uint64_t size_at) {
  auto* size = kernel.user.out<std::uint32_t>(size_at);
  if (size == nullptr) return -EFAULT;
  const std::uint64_t room = *size, bytes = room < address.size ? room : address.size;
  if (static_cast<std::int32_t>(*size) < 0) return -EINVAL;
  if (!kernel.user.writable(to, bytes)) return -EFAULT;
  __builtin_memcpy(at<void>(to), address.bytes, bytes);
  *size = static_cast<std::uint32_t>(address.size);
  return 0;
}

void put_address(const ThreadState& thread, const SocketAddress& address) {
  copy_to_host(thread.host_page, address.bytes, address.size);
}

std::int64_t call_socket(Kernel& kernel, std::uint64_t domain, std::uint64_t type, std::uint64_t protocol) {
  const std::uint64_t kind = type & kTypeMask;
  if (domain != kInternet && domain != kInternet6) return -EAFNOSUPPORT;
  if (kind != kStream) return -EPROTONOSUPPORT;  // TCP only, as on the other back-ends
  if ((type & ~(kTypeMask | O_CLOEXEC | O_NONBLOCK)) != 0) return -EINVAL;
  if (protocol != 0 && protocol != IPPROTO_TCP) return -EPROTONOSUPPORT;
  const std::int64_t number = kernel.sockets.open({.used = true, .domain = static_cast<std::uint16_t>(domain)});
  if (number < 0) return number;
  const auto given = static_cast<std::uint64_t>(number);
  if (const std::int64_t error = ask(KeepRequest::kSocket, given, domain); error < 0) {
    kernel.sockets.close(given);
    return error;
  }
  return open_socket(kernel, given, type);
}

std::int64_t call_bind(Kernel& kernel, ThreadState& thread, const Frame& frame) {
  std::int64_t error = 0;
  const Held file = socket_file(kernel, frame.rdi, error);
  if (!file) return error;
  Socket& socket = kernel.sockets.at_number(file->object);
  SocketAddress address;
  error = take_address(kernel, socket, frame.rsi, frame.rdx & 0xffffffff, address);
  if (error < 0) return error;
  if (!kernel.manifest.allows_port(true, address.port())) return -EACCES;
  put_address(thread, address);
  error = ask(KeepRequest::kBind, file->object, address.size);
  if (error == 0) socket.bound = true;
  return error;
}

std::int64_t call_listen(Kernel& kernel, std::uint64_t fd, std::uint64_t backlog) {
  std::int64_t error = 0;
  const Held file = socket_file(kernel, fd, error);
  if (!file) return error;
  const Socket& socket = kernel.sockets.at_number(file->object);
  if (!socket.bound) return -EACCES;  // to some port, of which the manifest knows nothing
  return ask(KeepRequest::kListen, file->object, backlog & 0xffff);
}

std::int64_t call_connect(Kernel& kernel, ThreadState& thread, const Frame& frame) {
  std::int64_t error = 0;
  const Held file = socket_file(kernel, frame.rdi, error);
  if (!file) return error;
  const Socket& socket = kernel.sockets.at_number(file->object);
  SocketAddress address;
  error = take_address(kernel, socket, frame.rsi, frame.rdx & 0xffffffff, address);
  if (error < 0) return error;
  if (!kernel.manifest.allows_port(false, address.port())) return -EACCES;
  put_address(thread, address);
  ++file->uses;
  const std::uint64_t number = file->object;
  error = ask(KeepRequest::kConnect, number, address.size);
  if (error != -EINPROGRESS || (file->flags & O_NONBLOCK) != 0) return error;
  const std::int64_t ready = wait_for_one(kernel, thread, *file, POLLOUT);
  if (ready < 0) return ready;
  const std::int64_t found =
      checked_result(ask_host(KeepRequest::kGetOption, number, std::uint64_t{SOL_SOCKET} << 32 | SO_ERROR).result, 133);
  return found > 0 ? -found : found;
}

std::int64_t call_accept(Kernel& kernel, ThreadState& thread, const Frame& frame, std::uint64_t flags) {
  std::int64_t error = 0;
  const Held file = socket_file(kernel, frame.rdi, error);
  if (!file) return error;
  if ((flags & ~std::uint64_t{O_CLOEXEC | O_NONBLOCK}) != 0) return -EINVAL;
  ++file->uses;
  const OpenFile& listener = *file;
  const Socket socket = kernel.sockets.at_number(listener.object);
  const std::int64_t number = kernel.sockets.open({.used = true, .domain = socket.domain});
  if (number < 0) return number;
  const auto given = static_cast<std::uint64_t>(number);
  while (true) {
    const std::int64_t bytes = checked_result(ask_host(KeepRequest::kAccept, listener.object, given).result, 28);
    if (bytes >= 0) {
      SocketAddress address;
      error = take_host_address(thread, socket, static_cast<std::uint64_t>(bytes), address) ? 0 : -EIO;
      if (error == 0 && frame.rsi != 0) error = give_address(kernel, address, frame.rsi, frame.rdx);
      if (error == 0) return open_socket(kernel, given, flags);
      close_socket(kernel, given);
      return error;
    }
    const std::int64_t ready =
        bytes == -EAGAIN && (listener.flags & O_NONBLOCK) == 0 ? wait_for_one(kernel, thread, listener, POLLIN) : bytes;
    if (ready < 0) {
      kernel.sockets.close(given);
      return ready == -EINTR ? -kRestart : ready;
    }
  }
}

std::int64_t call_getsockname(Kernel& kernel, ThreadState& thread, const Frame& frame) {
  return name_of(kernel, thread, frame, 0);
}
std::int64_t call_getpeername(Kernel& kernel, ThreadState& thread, const Frame& frame) {
  return name_of(kernel, thread, frame, 1);
}

std::int64_t call_shutdown(Kernel& kernel, std::uint64_t fd, std::uint64_t how) {
  if (how > kShutBoth) return -EINVAL;
  const Held file(kernel, fd);
  if (!file) return -EBADF;
  if (file->kind == FileKind::kPair) {
    shut_pair(kernel, *file, how != kShutWriting, how != kShutReading);
    return 0;
  }
  return file->kind != FileKind::kSocket ? -ENOTSOCK : ask(KeepRequest::kShutdown, file->object, how);
}

std::int64_t call_setsockopt(Kernel& kernel, const Frame& frame) {
  const Held file(kernel, frame.rdi);
  if (!file) return -EBADF;
  const bool pair = file->kind == FileKind::kPair;
  if (!pair && file->kind != FileKind::kSocket) return -ENOTSOCK;
  if (!known_option(frame.rsi, frame.rdx)) return -ENOPROTOOPT;
  if (frame.r8 < 4 || frame.r8 > 128) return -EINVAL;
  const auto* value = kernel.user.in<std::int32_t>(frame.r10);
  if (value == nullptr) return -EFAULT;
  // Of a pair those of any socket are taken, and make no difference.
  if (pair) return frame.rsi == SOL_SOCKET && frame.rdx != SO_ERROR && frame.rdx != SO_ACCEPTCONN ? 0 : -ENOPROTOOPT;
  return ask(KeepRequest::kSetOption, file->object, frame.rsi << 32 | frame.rdx, static_cast<std::uint32_t>(*value));
}

namespace {

// Of either kind what is known inside; -ENOPROTOOPT: not of those.
std::int64_t inner_option(Kernel& kernel, const OpenFile& file, std::uint64_t name) {
  const bool pair = file.kind == FileKind::kPair;
  switch (name) {
    case SO_TYPE: return kStream;
    case SO_DOMAIN: return static_cast<std::int64_t>(pair ? kUnix : kernel.sockets.at_number(file.object).domain);
    case SO_PROTOCOL: return pair ? 0 : IPPROTO_TCP;
    case SO_SNDBUF:
    case SO_RCVBUF: return pair ? std::int64_t{Channels::kPipeBytes} : -ENOPROTOOPT;
    case SO_ERROR:
    case SO_ACCEPTCONN: return pair ? 0 : -ENOPROTOOPT;
    default: return -ENOPROTOOPT;
  }
}

}  // namespace

std::int64_t call_getsockopt(Kernel& kernel, const Frame& frame) {
  const Held file(kernel, frame.rdi);
  if (!file) return -EBADF;
  if (file->kind != FileKind::kPair && file->kind != FileKind::kSocket) return -ENOTSOCK;
  auto* size = kernel.user.out<std::uint32_t>(frame.r8);
  auto* value = kernel.user.out<std::int32_t>(frame.r10);
  if (size == nullptr || value == nullptr) return -EFAULT;
  if (*size < 4) return -EINVAL;
  std::int64_t found = frame.rsi == SOL_SOCKET ? inner_option(kernel, *file, frame.rdx) : -ENOPROTOOPT;
  if (found < 0) {
    if (file->kind == FileKind::kPair || !known_option(frame.rsi, frame.rdx)) return -ENOPROTOOPT;
    const bool is_error = frame.rsi == SOL_SOCKET && frame.rdx == SO_ERROR;
    found = checked_result(ask_host(KeepRequest::kGetOption, file->object, frame.rsi << 32 | frame.rdx).result,
                           is_error ? 133 : 0x7fffffff);
    if (found < 0) return found;
  }
  *value = static_cast<std::int32_t>(found);
  *size = 4;
  return 0;
}

std::int64_t call_socketpair(Kernel& kernel, const Frame& frame) {
  const std::uint64_t type = frame.rsi;
  auto* out = kernel.user.out<std::uint32_t>(frame.r10, 2);
  if (frame.rdi != kUnix) return -EAFNOSUPPORT;
  if ((type & kTypeMask) != kStream || frame.rdx > 1) return -EPROTONOSUPPORT;
  if (out == nullptr) return -EFAULT;
  return open_pair(kernel, type, *out, out[1]);
}

}  // namespace adyton::keep
