// SPDX-License-Identifier: Apache-2.0
#include <asm/errno.h>
#include <linux/time.h>

#include "keep/calls.h"
#include "keep/host_interface.h"

namespace adyton::keep {

std::int64_t call_clock_gettime(Kernel& kernel, std::uint64_t clock, std::uint64_t to) {
  Clock::Kind kind{};
  if (!clock_kind(clock, kind)) return -EINVAL;
  auto* time = kernel.user.out<Time>(to);
  if (time == nullptr) return -EFAULT;
  *time = kernel.clock.now(kind);
  return 0;
}

std::int64_t call_clock_getres(Kernel& kernel, std::uint64_t clock, std::uint64_t to) {
  Clock::Kind kind{};
  if (!clock_kind(clock, kind)) return -EINVAL;
  if (to == 0) return 0;
  auto* time = kernel.user.out<Time>(to);
  if (time == nullptr) return -EFAULT;
  *time = {0, 1};
  return 0;
}

std::int64_t call_gettimeofday(Kernel& kernel, std::uint64_t to) {
  if (to == 0) return 0;
  auto* time = kernel.user.out<Time>(to);  // struct timeval has the same shape, with microseconds
  if (time == nullptr) return -EFAULT;
  const Time now = kernel.clock.now(Clock::kReal);
  *time = {now.seconds, now.nanoseconds / 1000};
  return 0;
}

std::int64_t call_time(Kernel& kernel, std::uint64_t to) {
  const std::int64_t seconds = kernel.clock.now(Clock::kReal).seconds;
  if (to != 0) {
    auto* time = kernel.user.out<std::int64_t>(to);
    if (time == nullptr) return -EFAULT;
    *time = seconds;
  }
  return seconds;
}

std::int64_t call_nanosleep(Kernel& kernel, ThreadState& thread, std::uint64_t clock, std::uint64_t flags,
                            std::uint64_t request, std::uint64_t remaining) {
  Clock::Kind kind{};
  if (!clock_kind(clock, kind) || (flags & ~std::uint64_t{TIMER_ABSTIME}) != 0) return -EINVAL;
  const auto* asked = kernel.user.in<Time>(request);
  if (asked == nullptr) return -EFAULT;
  const Time wanted = *asked;
  if (!wanted.valid()) return -EINVAL;
  const Time deadline = flags == TIMER_ABSTIME ? wanted : kernel.clock.now(kind) + wanted;
  // A word of its own that nobody wakes.
  const std::uint32_t nobody = 0;
  const std::int64_t ended =
      kernel.threads.wait(kernel, thread, {.word = &nobody, .deadline = &deadline, .kind = kind});
  if (ended == -EINTR && flags != TIMER_ABSTIME && remaining != 0) {
    auto* left = kernel.user.out<Time>(remaining);
    if (left == nullptr) return -EFAULT;
    *left = time_of(nanoseconds_from(kernel.clock.now(kind), deadline));
  }
  return ended == -ETIMEDOUT ? 0 : ended;
}

}  // namespace adyton::keep
