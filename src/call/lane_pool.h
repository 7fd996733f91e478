// SPDX-License-Identifier: Apache-2.0
// Which thread may call on which lane, and how many at the same time: more threads that stay awake than there are
// processors for them only get in each other's way.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <stop_token>

#include <adyton/result.h>
#include "call/lane.h"

namespace adyton {

// Hands out lane numbers. The lowest free lane first, so that few threads keep answering while there is little to do.
//
// A call is *short* until its reply has taken longer than its caller stays awake. Only as many short calls run at once
// as there are pairs of processors; further callers wait asleep until a short call turns long or its thread's tenure is
// over. Threads that call back to back thus take turns of milliseconds, not of microseconds, and eight of them together
// are as fast as one. Long calls are limited by the lanes only. Thread-safe.
class LanePool {
 public:
  LanePool(std::uint32_t lanes, unsigned short_calls);

  // A lane, or why there is none: the channel's interruption, the deadline, cancellation.
  Result<std::uint32_t> acquire(const WaitLimits& limits, const ChannelState& state);
  void release(std::uint32_t lane, bool was_long);

  // The calling thread's call has turned long: lets another in.
  void turned_long();

  // Whether callers are waiting.
  [[nodiscard]] bool crowded() const { return waiting_.load(std::memory_order_relaxed) != 0; }
  void wake_all();

 private:
  std::optional<std::uint32_t> try_acquire();
  void hand_over(bool at_once);

  const std::uint64_t all_;
  const int short_calls_;
  std::atomic<std::uint64_t> free_;
  std::atomic<int> long_ = 0;
  std::atomic<std::uint32_t> waiting_ = 0;
  std::atomic<std::uint32_t> bell_ = 0;      // futex word of waiting threads
  std::atomic<bool> patrol_ = false;         // one waiting thread looks again by itself every so often
  std::atomic<std::uint32_t> reserved_ = 0;  // tenure is over: the next one in is one that waited
  std::atomic<std::uint32_t> releases_ = 0;
  std::atomic<std::int64_t> tenure_start_ = 0;
};

}  // namespace adyton
