// SPDX-License-Identifier: Apache-2.0
// Signals on their way: to one thread or to whichever does not block them, with what came along.
#pragma once

#include <cstdint>

namespace adyton::keep {

inline constexpr std::uint64_t kSignals = 64, kFirstRealTime = 32;

// A signal's part of siginfo_t.
struct SignalInfo {
  std::int32_t code = 0;    // si_code
  std::uint64_t first = 0;  // si_pid and si_uid, or si_timerid and si_overrun
  std::uint64_t value = 0;  // si_value
  std::uint64_t timer = 0;  // Timer::mark of the one that sent it
};

constexpr std::uint64_t signal_bit(std::uint64_t signal) { return std::uint64_t{1} << (signal - 1); }

// Not for several threads at a time.
class SignalQueue {
 public:
  static constexpr std::uint64_t kMost = 128;

  // `target`: a thread's id, 0: the process. False: no room. A signal below 32 waits at most once for each target.
  bool add(std::uint64_t signal, std::uint32_t target, const SignalInfo& info);
  // The oldest of this signal for this target; false: none.
  bool take(std::uint64_t signal, std::uint32_t target, SignalInfo& info);
  [[nodiscard]] bool has(std::uint64_t signal, std::uint32_t target) const;
  void forget(std::uint32_t target);
  [[nodiscard]] bool has_timers(std::uint64_t timer) const;
  // A timer's, of which there is one at most; false: none.
  bool take_timers(std::uint64_t timer, std::uint64_t& signal, std::uint32_t& target);

 private:
  struct Entry {
    std::uint64_t signal = 0;  // 0: free
    std::uint32_t target = 0;
    SignalInfo info;
  };
  void remove(std::uint64_t index);

  Entry entries_[kMost]{};  // oldest first
  std::uint64_t count_ = 0;
};

}  // namespace adyton::keep
