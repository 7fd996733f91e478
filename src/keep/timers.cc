// SPDX-License-Identifier: Apache-2.0
#include "keep/timers.h"

#include <asm/errno.h>

#include "keep/host_interface.h"
#include "keep/kernel.h"
#include "keep/signals.h"

namespace adyton::keep {
namespace {

constexpr std::uint64_t kBillion = 1'000'000'000;
constexpr std::uint64_t kFar = std::uint64_t{1} << 62;

bool armed_at_all(const Timer& timer) { return timer.used && timer.setting.next != Time{}; }

}  // namespace

Time time_of(std::uint64_t nanoseconds) {
  return {static_cast<std::int64_t>(nanoseconds / kBillion), static_cast<std::int64_t>(nanoseconds % kBillion)};
}

TimerSetting left_of(const Timer& timer, Time now) {
  if (timer.setting.next == Time{}) return {timer.setting.interval, {}};
  const std::uint64_t left = nanoseconds_from(now, timer.setting.next);
  return {timer.setting.interval, time_of(left == 0 ? 1 : left)};
}

void Timers::advance(Timer& timer, Time now) {
  Time& next = timer.setting.next;
  if (next == Time{} || now < next) return;
  const std::uint64_t interval = nanoseconds_from({}, timer.setting.interval), late = nanoseconds_from(next, now);
  std::uint64_t times = 1;
  if (interval == 0) {
    next = {};
  } else if (late > kFar || interval > kFar) {
    next = now + timer.setting.interval;
  } else {
    times += late / interval;
    next = next + time_of(times * interval);
  }
  timer.expired += times;
  timer.missed += times - 1;
  ++timer.edges.in;
}

void Timers::count_armed() {
  std::uint32_t count = 0;
  for (const Timer& timer : timers_) count += armed_at_all(timer) && timer.sends ? 1 : 0;
  __atomic_store_n(&armed_, count, __ATOMIC_SEQ_CST);
}

std::int64_t Timers::open(const Timer& timer) {
  const Locked locked(lock_);
  for (std::uint64_t index = kInterval + 1; index < kMost; ++index) {
    if (timers_[index].used) continue;
    timers_[index] = timer;
    timers_[index].used = true;
    timers_[index].mark = ++opened_ * kMost + index;
    return static_cast<std::int64_t>(index);
  }
  return -EAGAIN;
}

void Timers::close(std::uint64_t index) {
  const Locked locked(lock_);
  timers_[index] = {};
  count_armed();
}

bool Timers::get(Kernel& kernel, std::uint64_t index, Timer& timer) {
  if (index >= kMost || (!timers_[index].used && index != kInterval)) return false;
  const Time now = kernel.clock.now(timers_[index].clock);
  const Locked locked(lock_);
  if (!timers_[index].sends) advance(timers_[index], now);
  timer = timers_[index];
  return true;
}

TimerSetting Timers::set(Kernel& kernel, std::uint64_t index, const TimerSetting& setting, bool absolute) {
  const Time now = kernel.clock.now(timers_[index].clock);
  const Locked locked(lock_);
  Timer& timer = timers_[index];
  const TimerSetting before = left_of(timer, now);
  timer.setting = setting;
  if (setting.next != Time{} && !absolute) timer.setting.next = now + setting.next;
  timer.expired = timer.missed = timer.overrun = 0;
  if (index == kInterval) {
    timer.used = timer.sends = true;
    constexpr std::uint64_t kAlarm = 14;  // SIGALRM
    timer.signal = kAlarm;
    timer.code = 0x80;  // SI_KERNEL
  }
  count_armed();
  return before;
}

std::uint64_t Timers::take(Kernel& kernel, std::uint64_t index) {
  const Time now = kernel.clock.now(timers_[index].clock);
  const Locked locked(lock_);
  Timer& timer = timers_[index];
  advance(timer, now);
  const std::uint64_t expired = timer.expired;
  timer.expired = 0;
  return expired;
}

std::uint64_t Timers::take_overrun(std::uint64_t mark) {
  constexpr std::uint64_t kMostOverrun = 0x7fffffff;  // DELAYTIMER_MAX
  const Locked locked(lock_);
  Timer& timer = timers_[mark % kMost];
  if (timer.mark != mark) return 0;
  timer.overrun = timer.missed < kMostOverrun ? timer.missed : kMostOverrun;
  timer.missed = 0;
  return timer.overrun;
}

bool Timers::fire(Kernel& kernel) {
  if (!armed()) return false;
  const Time now[] = {kernel.clock.now(Clock::kReal), kernel.clock.now(Clock::kMonotonic)};
  bool any = false;
  for (Timer& timer : timers_) {
    Timer due;
    {
      const Locked locked(lock_);
      if (!armed_at_all(timer) || !timer.sends || now[timer.clock] < timer.setting.next) continue;
      advance(timer, now[timer.clock]);
      count_armed();
      due = timer;
    }
    any = true;
    if (due.signal != 0) {
      // One signal at a time, as on Linux: what comes before it is taken is counted, and fills no queue.
      const bool own = due.code == kTimerExpired;
      const std::int64_t sent = send_signal(kernel, due.target, due.signal,
                                            {.code = due.code,
                                             .first = own ? static_cast<std::uint64_t>(&timer - timers_) : 0,
                                             .value = due.value,
                                             .timer = own ? due.mark : 0});
      if (sent < 0) {
        const Locked locked(lock_);
        if (timer.mark == due.mark) ++timer.missed;
      }
    }
  }
  if (!any || !armed()) return false;
  tell_host(kernel, current_thread().index);
  return true;
}

void Timers::host_called(Kernel& kernel) {
  if (!fire(kernel) && armed()) tell_host(kernel, current_thread().index);
}

std::uint64_t Timers::soonest(Kernel& kernel) {
  const Time now[] = {kernel.clock.now(Clock::kReal), kernel.clock.now(Clock::kMonotonic)};
  std::uint64_t left = kForever;
  const Locked locked(lock_);
  for (const Timer& timer : timers_) {
    if (!armed_at_all(timer) || !timer.sends) continue;
    const std::uint64_t one = nanoseconds_from(now[timer.clock], timer.setting.next);
    if (one < left) left = one;
  }
  return left;
}

void Timers::tell_host(Kernel& kernel, std::uint64_t thread_index) {
  ask_host(KeepRequest::kAlarm, soonest(kernel), thread_index);
}

}  // namespace adyton::keep
