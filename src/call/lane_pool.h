// SPDX-License-Identifier: Apache-2.0
// Which thread may call on which lane, and how many at the same time: more threads that stay awake than there are
// processors for them only get in each other's way.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <stop_token>

#include <adyton/result.h>
#include "call/channel_map.h"
#include "call/lane.h"

namespace adyton {

// Hands out lane numbers. The lowest free lane first, so that few threads keep answering while there is little to do.
//
// A call is *short* until its reply has taken longer than its caller stays awake. Only as many short calls run at once
// as there are pairs of processors; further callers wait asleep until a short call turns long, its thread's tenure is
// over, or the other side says that no calls come any more (CallerQueue). Threads that call back to back thus take
// turns of milliseconds, not of microseconds, and eight of them together are as fast as one. For as long as its tenure
// lasts a thread keeps its lane between two calls, and who waits takes it away when the other side says that no more
// come. Long calls are limited by the lanes only. Thread-safe.
class LanePool {
 public:
  LanePool(std::uint32_t lanes, unsigned short_calls, CallerQueue& queue);

  // A lane, or why there is none: the channel's interruption, the deadline, cancellation. `answerer_sleeps`: whether
  // the thread that answers on a lane is asleep.
  Result<std::uint32_t> acquire(const WaitLimits& limits, const ChannelState& state,
                                detail::FunctionRef<bool(std::uint32_t)> answerer_sleeps);

  // Instead of release() while crowded(): keeps the lane for this thread's next call, or, if nothing else would let
  // another thread in, or its tenure is over, releases it and lets one in. It looks at the tenure only now and then: a
  // look at a clock costs more than a tenth of a call.
  struct LastCall {
    bool was_quick = false;      // short, and the answering thread is awake: it will see that no more calls come
    bool looks_at_clock = true;  // this is such a "now and then"
    std::uint32_t answerer = 0;  // the processor of the thread that answered
  };
  void release_crowded(std::uint32_t lane, bool was_long, const LastCall& last);
  void release(std::uint32_t lane, bool was_long);
  // Lets one in that waits.
  void let_in();

  // The calling thread's call has turned long: lets another in.
  void turned_long();

  // Whether callers are waiting.
  [[nodiscard]] bool crowded() const { return waiting_.load(std::memory_order_relaxed) != 0; }
  void wake_all();

 private:
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};
  std::optional<std::uint32_t> try_acquire();
  // The lane that this thread has kept and nobody has taken away.
  std::optional<std::uint32_t> resume_tenure();
  // The first lane that is not free and of which this holds.
  std::optional<std::uint32_t> find_busy(detail::FunctionRef<bool(std::uint32_t)> holds) const;

  const std::uint64_t all_;
  const int short_calls_;
  std::atomic<std::uint64_t> free_;
  std::array<std::atomic<std::uintptr_t>, 64> kept_{};  // by which thread; such a lane is not free. 0: it is not kept
  std::atomic<int> long_ = 0;
  std::atomic<std::uint32_t> waiting_ = 0;
  CallerQueue& queue_;  // the other side can write here: believed in nothing, beyond that a look may be worth it
  std::atomic<std::uint32_t> reserved_ = 0;  // tenure is over: the next one in is one that waited
  std::atomic<std::int64_t> tenure_start_ = 0;
  std::atomic<std::uint32_t> answerer_ = kNone;  // processor of the thread that answers short calls
};

}  // namespace adyton
