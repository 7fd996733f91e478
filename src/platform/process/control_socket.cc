// SPDX-License-Identifier: Apache-2.0
#include "platform/process/control_socket.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <poll.h>
#include <sys/socket.h>

#include "base/error.h"

namespace adyton {

using supervisor::Message;

Result<std::pair<ControlSocket, Descriptor>> ControlSocket::make_pair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    return unavailable("a socket pair: {}", errno_text(errno));
  }
  ControlSocket host{Descriptor(ends[0])};
  Descriptor other(ends[1]);
  const int on = 1;
  if (::setsockopt(ends[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0) {
    return io_error("SO_PASSCRED: {}", errno_text(errno));
  }
  return std::pair(std::move(host), std::move(other));
}

Result<void> ControlSocket::send_descriptors(std::span<const int> descriptors) const {
  char byte = 0;
  iovec data{&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * supervisor::kOrderedDescriptors)]{};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(descriptors.size_bytes());
  std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size_bytes());
  if (::sendmsg(socket_.get(), &message, MSG_NOSIGNAL) != 1) {
    return io_error("sending descriptors: {}", errno_text(errno));
  }
  return {};
}

void ControlSocket::send_kill() const {
  const Message message{.kind = Message::kKill};
  (void)::send(socket_.get(), &message, sizeof message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

Result<ReceivedMessages> ControlSocket::receive() const {
  ReceivedMessages received;
  iovec data{received.messages.data(), sizeof received.messages};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(ucred))];
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t size = 0;
  do {
    size = ::recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);
  if (size == 0 || (size < 0 && errno == ECONNRESET)) return received;
  if (size < 0) return io_error("reading from the supervisor: {}", errno_text(errno));
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (size % sizeof(Message) != 0 || header == nullptr || header->cmsg_type != SCM_CREDENTIALS) {
    return internal("a message of {} bytes from the supervisor", size);
  }
  ucred sender{};
  std::memcpy(&sender, CMSG_DATA(header), sizeof sender);
  received.sender = sender.pid;
  received.count = static_cast<std::size_t>(size) / sizeof(Message);
  return received;
}

Result<void> ControlSocket::await(std::chrono::steady_clock::time_point deadline) const {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd event{socket_.get(), POLLIN, 0};
    const int ready = ::poll(&event, 1, static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 1 << 30)));
    if (ready > 0) return {};
    if (ready == 0) return unavailable("the sandbox was not ready in time");
    if (errno != EINTR) return io_error("poll: {}", errno_text(errno));
  }
}

}  // namespace adyton
