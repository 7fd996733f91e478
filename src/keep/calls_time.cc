// SPDX-License-Identifier: Apache-2.0
#include <asm/errno.h>
#include <linux/time.h>

#include "keep/calls.h"
#include "keep/host_interface.h"

namespace adyton::keep {

namespace {

// Of processor time: whose it is, of all threads or of one. Linux makes such a clockid_t of the process's or a thread's
// number, too: all its bits inverted, before three that say which.
struct ProcessorClock {
  bool found = false;
  ThreadState* thread = nullptr;
};

ProcessorClock processor_clock(Kernel& kernel, ThreadState& self, std::uint64_t clock) {
  constexpr std::uint32_t kKinds = 3, kOfThread = 4;  // two bits: user and system, user, both scheduled
  const auto id = static_cast<std::int32_t>(clock);
  if (id == CLOCK_PROCESS_CPUTIME_ID) return {true, nullptr};
  if (id == CLOCK_THREAD_CPUTIME_ID) return {true, &self};
  if (id >= 0 || (static_cast<std::uint32_t>(id) & 3) == kKinds) return {};
  const auto number = static_cast<std::uint32_t>(~(id >> 3));
  if ((static_cast<std::uint32_t>(id) & kOfThread) == 0) return {number == 0 || number == kProcess, nullptr};
  if (number == 0) return {true, &self};
  for (std::uint64_t index = 0; index < kernel.threads.count(); ++index) {
    ThreadState& thread = kernel.threads.state(index);
    if (thread.is(ThreadHold::kHeld) && thread.thread_id == number) return {true, &thread};
  }
  return {};
}

Time used(Kernel& kernel, ThreadState* thread) {
  return thread == nullptr ? kernel.clock.used_by_all() : kernel.clock.used_by(thread->index, thread->used);
}

}  // namespace

std::int64_t call_clock_gettime(Kernel& kernel, ThreadState& thread, std::uint64_t clock, std::uint64_t to) {
  Clock::Kind kind{};
  const bool wall = clock_kind(clock, kind);
  const ProcessorClock processor = wall ? ProcessorClock{} : processor_clock(kernel, thread, clock);
  if (!wall && !processor.found) return -EINVAL;
  auto* time = kernel.user.out<Time>(to);
  if (time == nullptr) return -EFAULT;
  *time = wall ? kernel.clock.now(kind) : used(kernel, processor.thread);
  return 0;
}

std::int64_t call_clock_getres(Kernel& kernel, ThreadState& thread, std::uint64_t clock, std::uint64_t to) {
  Clock::Kind kind{};
  if (!clock_kind(clock, kind) && !processor_clock(kernel, thread, clock).found) return -EINVAL;
  if (to == 0) return 0;
  auto* time = kernel.user.out<Time>(to);
  if (time == nullptr) return -EFAULT;
  constexpr std::int64_t kTick = 4'000'000;
  *time = {0, clock == CLOCK_REALTIME_COARSE || clock == CLOCK_MONOTONIC_COARSE ? kTick : 1};
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
  if (clock == CLOCK_PROCESS_CPUTIME_ID) return -EOPNOTSUPP;  // nobody says when it has come
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
