// SPDX-License-Identifier: Apache-2.0
#include "platform/process/supervisor/host_link.h"

#include <cerrno>
#include <cstring>

#include <sys/socket.h>
#include <unistd.h>

namespace adyton::supervisor {

void HostLink::tell(Message::Kind kind, int first, int second, int third) {
  if (count_ == kBatch) flush();
  batch_[count_++] = {kind, first, second, third};
}

void HostLink::flush() {
  // A host that is gone is noticed elsewhere.
  const auto size = static_cast<std::size_t>(count_) * sizeof batch_[0];
  while (count_ > 0 && ::write(socket_, batch_, size) < 0 && errno == EINTR) {
  }
  count_ = 0;
}

void HostLink::layer(Layer layer, int error, int detail) {
  tell(Message::kLayer, static_cast<int>(layer), -error, detail);
}

void HostLink::give_up(Step step, int error) {
  tell(Message::kFailed, static_cast<int>(step), -error);
  flush();
  ::_exit(127);
}

int HostLink::receive(int* descriptors) const {
  char byte = 0;
  iovec data{&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kOrderedDescriptors)];
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t size = 0;
  do {
    size = ::recvmsg(socket_, &message, MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);
  if (size < 0) return -errno;
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (size == 0 || (message.msg_flags & MSG_CTRUNC) != 0 || header == nullptr || header->cmsg_type != SCM_RIGHTS ||
      header->cmsg_level != SOL_SOCKET) {
    return -EPROTO;
  }
  const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
  if (count > kOrderedDescriptors) return -EPROTO;
  for (int i = 0; i < kOrderedDescriptors; ++i) descriptors[i] = -1;
  std::memcpy(descriptors, CMSG_DATA(header), count * sizeof(int));
  return 0;
}

bool HostLink::told_to_kill() const {
  Message message;
  const ssize_t size = ::recv(socket_, &message, sizeof message, MSG_DONTWAIT);
  if (size < 0) return errno != EAGAIN && errno != EINTR;
  return size == 0 || (size == sizeof message && message.kind == Message::kKill);
}

}  // namespace adyton::supervisor
