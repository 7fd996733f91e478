// SPDX-License-Identifier: Apache-2.0
// Sockets of the host, all TCP: numbers that the keep kernel gives, under which the host keeps what it opens, and what
// has to be known of each in here. Everything that comes through one is the host's word; TLS is the application's.
#pragma once

#include <cstdint>

#include "keep/spin_lock.h"

namespace adyton::keep {

struct Socket {
  bool used = false, bound = false;
  std::uint16_t domain = 0;  // AF_INET, AF_INET6
};

// An address as the host and the application have it: struct sockaddr_in or sockaddr_in6.
struct SocketAddress {
  alignas(8) std::uint8_t bytes[32]{};
  std::uint64_t size = 0;
  [[nodiscard]] std::uint16_t family() const { return static_cast<std::uint16_t>(bytes[0] | bytes[1] << 8); }
  [[nodiscard]] std::uint16_t port() const { return static_cast<std::uint16_t>(bytes[2] << 8 | bytes[3]); }
};
constexpr std::uint64_t address_bytes(std::uint16_t domain) { return domain == 2 ? 16 : 28; }

class Sockets {
 public:
  static constexpr std::uint64_t kMost = 256, kFirst = 3;  // 0 to 2 are the streams

  // A number from kFirst on; -ENFILE.
  std::int64_t open(const Socket& socket);
  void close(std::uint64_t number);
  Socket& at_number(std::uint64_t number) { return sockets_[number - kFirst]; }

 private:
  SpinLock lock_;
  Socket sockets_[kMost]{};
};

}  // namespace adyton::keep
