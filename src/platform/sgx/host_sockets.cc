// SPDX-License-Identifier: Apache-2.0
// The sockets among HostDescriptors.
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "platform/sgx/host_descriptors.h"

namespace adyton {
namespace {

std::uint64_t result(ssize_t value) { return static_cast<std::uint64_t>(value < 0 ? -errno : value); }
std::uint64_t failure(int error) { return static_cast<std::uint64_t>(-static_cast<std::int64_t>(error)); }

struct Address {
  sockaddr_storage storage{};
  socklen_t size = sizeof(storage);

  static Address from(std::span<const std::uint8_t> page, std::uint64_t bytes) {
    Address out;
    out.size = static_cast<socklen_t>(std::min<std::uint64_t>(bytes, kKeepAddressBytes));
    std::memcpy(&out.storage, page.data(), out.size);
    return out;
  }
  std::uint64_t put(std::span<std::uint8_t> page) const {
    const std::size_t bytes = std::min<std::size_t>(size, kKeepAddressBytes);
    std::memcpy(page.data(), &storage, bytes);
    return bytes;
  }
  sockaddr* get() { return static_cast<sockaddr*>(static_cast<void*>(&storage)); }
};

}  // namespace

HostDescriptors::Shared HostDescriptors::socket(std::uint64_t number) const {
  const std::scoped_lock locked(mutex_);
  const auto found = sockets_.find(number);
  return found == sockets_.end() ? nullptr : found->second;
}

std::uint64_t HostDescriptors::keep_socket(std::uint64_t number, int descriptor) {
  if (descriptor < 0) return result(-1);
  const std::scoped_lock locked(mutex_);
  sockets_[number] = std::make_shared<const Descriptor>(descriptor);
  return 0;
}

std::uint64_t HostDescriptors::socket_request(KeepRequest request, std::uint64_t number, std::uint64_t b,
                                              std::uint64_t c, std::span<std::uint8_t> page) {
  constexpr int kFlags = SOCK_NONBLOCK | SOCK_CLOEXEC;
  const auto level = static_cast<int>(b >> 32), name = static_cast<int>(b & 0xffffffff);
  if (request == KeepRequest::kSocket) {
    return keep_socket(number, ::socket(static_cast<int>(b), SOCK_STREAM | kFlags, 0));
  }
  const Shared held = socket(number);
  if (!held) return failure(request >= KeepRequest::kSocket && request <= KeepRequest::kSetOption ? EBADF : ENOSYS);
  const int of = held->get();
  switch (request) {
    case KeepRequest::kCloseSocket: {
      const std::scoped_lock locked(mutex_);
      sockets_.erase(number);
      return 0;
    }
    case KeepRequest::kBind: {
      Address address = Address::from(page, b);
      return result(::bind(of, address.get(), address.size));
    }
    case KeepRequest::kListen: return result(::listen(of, static_cast<int>(b)));
    case KeepRequest::kConnect: {
      Address address = Address::from(page, b);
      return result(::connect(of, address.get(), address.size));
    }
    case KeepRequest::kAccept: {
      Address address;
      const int accepted = ::accept4(of, address.get(), &address.size, kFlags);
      const std::uint64_t kept = keep_socket(b, accepted);
      return accepted < 0 ? kept : address.put(page);
    }
    case KeepRequest::kSend:
      return result(::send(of, page.data(), std::min<std::uint64_t>(b, page.size()), MSG_NOSIGNAL));
    case KeepRequest::kReceive: {
      const std::size_t bytes = std::min<std::uint64_t>(b, page.size());
      return result(::recv(of, page.data(), bytes, static_cast<int>(c) & MSG_PEEK));
    }
    case KeepRequest::kSocketName: {
      Address address;
      const int done = c == 0 && b == 0 ? ::getsockname(of, address.get(), &address.size)
                                        : ::getpeername(of, address.get(), &address.size);
      return done < 0 ? result(done) : address.put(page);
    }
    case KeepRequest::kShutdown: return result(::shutdown(of, static_cast<int>(b)));
    case KeepRequest::kGetOption: {
      int value = 0;
      socklen_t size = sizeof(value);
      return ::getsockopt(of, level, name, &value, &size) < 0 ? result(-1) : static_cast<std::uint64_t>(value);
    }
    case KeepRequest::kSetOption: {
      const int value = static_cast<int>(c);
      return result(::setsockopt(of, level, name, &value, sizeof(value)));
    }
    default: return failure(ENOSYS);
  }
}

}  // namespace adyton
