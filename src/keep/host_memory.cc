// SPDX-License-Identifier: Apache-2.0
#include "keep/host_memory.h"

#include <asm/errno.h>

#include "keep/address_unsafe.h"
#include "keep/host_interface.h"

namespace adyton::keep {

void HostMemory::ask(std::uint64_t base, std::uint64_t size) {
  constexpr std::uint64_t kAddresses = std::uint64_t{1} << 47;  // of the application's half
  const RawAnswer answer = ask_host(KeepRequest::kHostMemory);
  const std::uint64_t address = answer.result, bytes = answer.b;
  if (address % kPage != 0 || bytes % kPage != 0 || address >= kAddresses || bytes > kAddresses - address ||
      !wholly_outside(address, bytes, base, size)) {
    return;
  }
  address_ = address;
  bytes_ = bytes;
}

std::int64_t HostMemory::wait(std::uint64_t word, std::uint32_t expected, const Time* deadline, Clock::Kind kind,
                              Clock& clock) {
  std::uint64_t nanoseconds = kForever;
  if (deadline != nullptr) {
    const Time until = kind == Clock::kMonotonic ? *deadline
                                                 : clock.now(Clock::kMonotonic) +
                                                       from_nanoseconds(nanoseconds_from(clock.now(kind), *deadline));
    nanoseconds = nanoseconds_from({}, until);
  }
  return checked_result(ask_host(KeepRequest::kHostFutexWait, word, expected, nanoseconds).result, 0);
}

std::int64_t HostMemory::wake(std::uint64_t word, std::uint32_t most) {
  return checked_result(ask_host(KeepRequest::kHostFutexWake, word, most).result, most);
}

}  // namespace adyton::keep
