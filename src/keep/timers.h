// SPDX-License-Identifier: Apache-2.0
// Timers: those of timerfd_create(), read as descriptors, and those that send signals (alarm, setitimer, timer_create).
// The host is asked to end this process's sleep in time, and only the clock says whether it is.
#pragma once

#include <cstdint>

#include "keep/channels.h"
#include "keep/clock.h"
#include "keep/spin_lock.h"

namespace adyton::keep {

struct Kernel;

inline constexpr std::int32_t kTimerExpired = -2;  // SI_TIMER

struct TimerSetting {  // struct itimerspec; `next` is left time, or a point in time
  Time interval, next;
};

struct Timer {
  bool used = false, sends = false;
  Clock::Kind clock = Clock::kMonotonic;
  TimerSetting setting;       // `next`: a point in time; zero: not armed
  std::uint64_t expired = 0;  // since it was last read
  std::uint64_t mark = 0;     // of its signals: no two timers have the same, one after the other either
  std::uint64_t signal = 0, value = 0;
  std::uint64_t missed = 0;   // expirations beyond the one whose signal is on its way
  std::uint64_t overrun = 0;  // of the signal that was taken last
  std::uint32_t target = 0;   // thread id; 0: the process
  std::int32_t code = 0;      // si_code
  Edges edges{};
};

class Timers {
 public:
  static constexpr std::uint64_t kMost = 64, kInterval = 0;  // the timer of alarm() and setitimer()

  // The index, above kInterval; -EAGAIN.
  std::int64_t open(const Timer& timer);
  void close(std::uint64_t index);
  // A copy as it is at this time; false: there is none.
  bool get(Kernel& kernel, std::uint64_t index, Timer& timer);
  // Armed, or not if `next` is zero; what was left before. Requires valid times.
  TimerSetting set(Kernel& kernel, std::uint64_t index, const TimerSetting& setting, bool absolute);
  // How often it has expired since the last time; 0: not.
  std::uint64_t take(Kernel& kernel, std::uint64_t index);

  // Of the signal that is taken now, by Timer::mark: how many more times the timer has expired until now, as si_overrun
  // says.
  std::uint64_t take_overrun(std::uint64_t mark);

  // Sends the signals that are due, and tells the host when it is time for the next: whether it has.
  bool fire(Kernel& kernel);
  // Likewise after the host has said that it is time, so that it has to be told anew in any case.
  void host_called(Kernel& kernel);
  // In how many nanoseconds the next signal is due; kForever: never.
  std::uint64_t soonest(Kernel& kernel);
  [[nodiscard]] bool armed() const { return __atomic_load_n(&armed_, __ATOMIC_SEQ_CST) != 0; }
  void tell_host(Kernel& kernel, std::uint64_t thread_index);

 private:
  static void advance(Timer& timer, Time now);
  void count_armed();

  SpinLock lock_;
  Timer timers_[kMost]{};
  std::uint64_t opened_ = 0;
  std::uint32_t armed_ = 0;  // __atomic_: those that send signals
};

// What is left until `timer` expires next; zero if it is not armed.
TimerSetting left_of(const Timer& timer, Time now);
Time time_of(std::uint64_t nanoseconds);

}  // namespace adyton::keep
