// SPDX-License-Identifier: Apache-2.0
#include "keep/signal_queue.h"

namespace adyton::keep {

bool SignalQueue::add(std::uint64_t signal, std::uint32_t target, const SignalInfo& info) {
  if (signal < kFirstRealTime && has(signal, target)) return true;
  if (count_ == kMost) return false;
  entries_[count_++] = {signal, target, info};
  return true;
}

bool SignalQueue::take(std::uint64_t signal, std::uint32_t target, SignalInfo& info) {
  for (std::uint64_t index = 0; index < count_; ++index) {
    if (entries_[index].signal != signal || entries_[index].target != target) continue;
    info = entries_[index].info;
    remove(index);
    return true;
  }
  return false;
}

bool SignalQueue::has(std::uint64_t signal, std::uint32_t target) const {
  for (std::uint64_t index = 0; index < count_; ++index) {
    if (entries_[index].signal == signal && entries_[index].target == target) return true;
  }
  return false;
}

void SignalQueue::forget(std::uint32_t target) {
  for (std::uint64_t index = count_; index > 0; --index) {
    if (entries_[index - 1].target == target) remove(index - 1);
  }
}

bool SignalQueue::has_timers(std::uint64_t timer) const {
  for (std::uint64_t index = 0; index < count_; ++index) {
    if (entries_[index].info.timer == timer) return true;
  }
  return false;
}

bool SignalQueue::take_timers(std::uint64_t timer, std::uint64_t& signal, std::uint32_t& target) {
  for (std::uint64_t index = 0; index < count_; ++index) {
    if (entries_[index].info.timer != timer) continue;
    signal = entries_[index].signal;
    target = entries_[index].target;
    remove(index);
    return true;
  }
  return false;
}

void SignalQueue::remove(std::uint64_t index) {
  for (--count_; index < count_; ++index) entries_[index] = entries_[index + 1];
  entries_[count_] = {};
}

}  // namespace adyton::keep
