// SPDX-License-Identifier: Apache-2.0
#include "platform/sgx/host_futex.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace adyton {

int sleep_on_word(std::uint64_t word, std::uint32_t expected, const timespec* until) {
  // SAFETY: the kernel reads the word, or says EFAULT if there is none. Not PRIVATE: other processes wake.
  const long result = ::syscall(SYS_futex, word, FUTEX_WAIT_BITSET, expected, until, nullptr, FUTEX_BITSET_MATCH_ANY);
  return result == 0 ? 0 : errno;
}

std::uint64_t wake_sleepers(std::uint64_t word, std::uint64_t most) {
  // SAFETY: the kernel uses only the address.
  const long woken =
      ::syscall(SYS_futex, word, FUTEX_WAKE, std::min<std::uint64_t>(most, INT_MAX), nullptr, nullptr, 0);
  return woken < 0 ? 0 : static_cast<std::uint64_t>(woken);
}

}  // namespace adyton
