// SPDX-License-Identifier: Apache-2.0
// Decides, for a thread that answers calls, whether to stay awake for the next one and where to run meanwhile.
#pragma once

#include <chrono>

#include "call/futex.h"
#include "call/lane.h"

namespace adyton {

// While calls come faster than `spin`, the thread stays awake on another processor than the caller: a call then costs
// no system call. When they come slower, it sleeps on the caller's processor: waking it there costs a tenth of waking
// another processor. One per thread.
class Rhythm {
 public:
  explicit Rhythm(std::chrono::nanoseconds spin) : spin_(spin) {}

  // How long to stay awake for the next message.
  [[nodiscard]] std::chrono::nanoseconds before_wait() {
    if (!awake_) wait_start_ = std::chrono::steady_clock::now();
    return awake_ ? spin_ : std::chrono::nanoseconds(0);
  }

  // A message came.
  void after_wait(const Lane& lane) {
    if (!lane.slept()) {
      misses_ = 0;
    } else if (awake_) {
      if (++misses_ >= kMisses) awake_ = false, hits_ = 0;
    } else if (std::chrono::steady_clock::now() - wait_start_ >= spin_) {
      hits_ = 0;
    } else if (++hits_ >= kHits) {
      awake_ = true;
      misses_ = 0;
    }
  }

  // The message is about to be answered; `processor` is where its sender is, and lets this thread run. To move here and
  // now costs the sender the time of it once; to move after the answer would race with its next call.
  void before_answer(std::uint32_t processor) {
    if (!awake_ && short_) placement_.with(processor);
  }

  // It was answered.
  void after_answer(const Lane& lane, std::uint32_t processor) {
    short_ = !lane.other_slept();
    if (!short_) {
      placement_.anywhere();  // the sender had time to fall asleep
    } else if (awake_) {
      placement_.beside(processor);
    }
  }

 private:
  static constexpr int kMisses = 2, kHits = 4;  // in a row, to fall asleep and to wake up
  std::chrono::nanoseconds spin_;
  bool awake_ = false;
  bool short_ = false;  // the last call
  int misses_ = 0, hits_ = 0;
  SteadyTime wait_start_{};
  Placement placement_;
};

}  // namespace adyton
