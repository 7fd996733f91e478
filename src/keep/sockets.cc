// SPDX-License-Identifier: Apache-2.0
#include "keep/sockets.h"

#include <asm/errno.h>

namespace adyton::keep {

std::int64_t Sockets::open(const Socket& socket) {
  const Locked locked(lock_);
  for (std::uint64_t index = 0; index < kMost; ++index) {
    if (sockets_[index].used) continue;
    sockets_[index] = socket;
    sockets_[index].used = true;
    return static_cast<std::int64_t>(index + kFirst);
  }
  return -ENFILE;
}

void Sockets::close(std::uint64_t number) {
  const Locked locked(lock_);
  at_number(number) = {};
}

}  // namespace adyton::keep
