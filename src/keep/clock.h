// SPDX-License-Identifier: Apache-2.0
// Time, which is the host's word: bounded, and made never to run backwards. Nothing more can be said of it.
#pragma once

#include <compare>
#include <cstdint>

#include "keep/spin_lock.h"

namespace adyton::keep {

struct Time {  // struct timespec
  std::int64_t seconds = 0, nanoseconds = 0;
  [[nodiscard]] bool valid() const { return seconds >= 0 && nanoseconds >= 0 && nanoseconds < 1'000'000'000; }
  auto operator<=>(const Time&) const = default;
};

// Saturates instead of overflowing.
Time operator+(Time left, Time right);
// 0 if right is later; saturates at 2^63 - 1.
std::uint64_t nanoseconds_from(Time from, Time to);
Time from_nanoseconds(std::uint64_t nanoseconds);

class Clock {
 public:
  enum Kind : std::uint32_t { kReal = 0, kMonotonic = 1 };

  // Asks the host. What it says goes no further back than what was told before; nonsense repeats that.
  Time now(Kind kind);
  // Likewise of the processor time of the application, or of the thread with this index since it was started; `told`:
  // what was told of it before.
  Time used_by_all();
  Time used_by(std::uint64_t thread_index, Time& told);

 private:
  Time ask(std::uint64_t clock, std::uint64_t index, Time& told);

  SpinLock lock_;
  Time told_[2], told_of_all_;
};

// Which of the two a clockid_t is; false: none of them.
bool clock_kind(std::uint64_t clock_id, Clock::Kind& kind);

}  // namespace adyton::keep
