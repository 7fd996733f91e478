// SPDX-License-Identifier: Apache-2.0
#include "call/lane_pool.h"

#include <bit>

#include "base/error.h"

namespace adyton {
namespace {

constexpr std::chrono::milliseconds kTenure{4};     // of a thread that calls back to back while others wait
constexpr std::chrono::milliseconds kRecheck{200};  // a waiting thread looks by itself, whatever the other side does
constexpr std::chrono::milliseconds kSoon{1};       // likewise, while a lane is just being kept

// What this thread kept last, of whichever pool; its address is the thread's mark in LanePool::kept_.
struct Kept {
  const LanePool* pool = nullptr;
  std::uint32_t lane = 0;
};
thread_local Kept kept;
std::uintptr_t own_mark() { return std::bit_cast<std::uintptr_t>(&kept); }

std::int64_t now_ns() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

}  // namespace

LanePool::LanePool(std::uint32_t lanes, unsigned short_calls, CallerQueue& queue)
    : all_(lanes >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << lanes) - 1),
      short_calls_(static_cast<int>(short_calls)),
      free_(all_),
      queue_(queue) {}

std::optional<std::uint32_t> LanePool::try_acquire() {
  std::uint64_t free = free_.load(std::memory_order_relaxed);
  while (free != 0) {
    const int busy = std::popcount(all_ & ~free);
    if (busy - long_.load(std::memory_order_relaxed) >= short_calls_) return std::nullopt;
    const std::uint64_t lowest = free & -free;
    if (free_.compare_exchange_weak(free, free & ~lowest, std::memory_order_acquire)) {
      return static_cast<std::uint32_t>(std::countr_zero(lowest));
    }
  }
  return std::nullopt;
}

std::optional<std::uint32_t> LanePool::resume_tenure() {
  if (kept.pool != this) return std::nullopt;
  kept.pool = nullptr;
  std::uintptr_t mark = own_mark();
  if (!kept_[kept.lane].compare_exchange_strong(mark, 0, std::memory_order_acquire)) return std::nullopt;
  return kept.lane;
}

std::optional<std::uint32_t> LanePool::find_busy(detail::FunctionRef<bool(std::uint32_t)> holds) const {
  for (std::uint64_t busy = all_ & ~free_.load(std::memory_order_relaxed); busy != 0; busy &= busy - 1) {
    const auto lane = static_cast<std::uint32_t>(std::countr_zero(busy));
    if (holds(lane)) return lane;
  }
  return std::nullopt;
}

Result<std::uint32_t> LanePool::acquire(const WaitLimits& limits, const ChannelState& state,
                                        detail::FunctionRef<bool(std::uint32_t)> answerer_sleeps) {
  if (const auto lane = resume_tenure()) return *lane;
  if (reserved_.load(std::memory_order_relaxed) == 0) {
    if (const auto lane = try_acquire()) return *lane;
  }
  queue_.waiting.fetch_add(1, std::memory_order_seq_cst);
  if (waiting_.fetch_add(1, std::memory_order_seq_cst) == 0) tenure_start_.store(now_ns(), std::memory_order_relaxed);
  const std::stop_callback wake(limits.cancel, [this] { wake_all(); });
  bool waited = false, rung = false;
  Placement placement;
  Result<std::uint32_t> result{Error{}};
  for (;;) {
    const std::uint32_t seen = queue_.bell.load(std::memory_order_acquire);
    if (waited || reserved_.load(std::memory_order_relaxed) == 0) {
      if (const auto lane = try_acquire()) {
        result = *lane;
        break;
      }
    }
    // Either its answering thread, which is about to sleep, sees that somebody waits, and rings; or it is seen to be
    // asleep.
    const auto take_kept = [&](std::uint32_t lane) {
      return kept_[lane].load(std::memory_order_seq_cst) != 0 && (rung || answerer_sleeps(lane)) &&
             kept_[lane].exchange(0, std::memory_order_acquire) != 0;
    };
    if (const auto lane = find_busy(take_kept)) {
      result = *lane;
      break;
    }
    if (state.interrupted()) {
      result = state.interruption().value_or(unavailable("the channel was interrupted"));
      break;
    }
    if (limits.cancel.stop_requested()) {
      result = unavailable("cancelled while every lane was busy");
      break;
    }
    const auto now = std::chrono::steady_clock::now();
    if (limits.deadline && now >= *limits.deadline) {
      result = unavailable("the deadline passed while every lane was busy");
      break;
    }
    // Whoever is to wake this thread then does so on its own processor, not on that of the answering thread.
    placement.beside(answerer_.load(std::memory_order_relaxed));
    // Whose answering thread sleeps is about to be kept, or released, by a thread that has not come to that.
    const bool soon = find_busy(answerer_sleeps).has_value();
    const SteadyTime recheck = now + (soon ? kSoon : kRecheck);
    const bool ends_first = limits.deadline && *limits.deadline < recheck;
    futex_wait(queue_.bell, seen, ends_first ? *limits.deadline : recheck);
    waited = true;
    rung = queue_.bell.load(std::memory_order_relaxed) != seen || !(soon || ends_first);
  }
  placement.anywhere();
  waiting_.fetch_sub(1, std::memory_order_relaxed);
  queue_.waiting.fetch_sub(1, std::memory_order_relaxed);
  if (result) {
    reserved_.store(0, std::memory_order_relaxed);
    tenure_start_.store(now_ns(), std::memory_order_relaxed);
  }
  return result;
}

void LanePool::release(std::uint32_t lane, bool was_long) {
  if (was_long) long_.fetch_sub(1, std::memory_order_relaxed);
  free_.fetch_or(std::uint64_t{1} << lane, std::memory_order_seq_cst);
}

void LanePool::release_crowded(std::uint32_t lane, bool was_long, const LastCall& last) {
  bool stays = last.was_quick;
  if (last.was_quick && last.looks_at_clock) {
    answerer_.store(last.answerer, std::memory_order_relaxed);
    stays = now_ns() - tenure_start_.load(std::memory_order_relaxed) < std::chrono::nanoseconds(kTenure).count();
    if (!stays) reserved_.store(1, std::memory_order_relaxed);
  }
  if (stays) {
    kept = {this, lane};
    kept_[lane].store(own_mark(), std::memory_order_release);
    return;
  }
  release(lane, was_long);
  let_in();
}

void LanePool::turned_long() {
  long_.fetch_add(1, std::memory_order_seq_cst);
  if (crowded()) let_in();
}

void LanePool::let_in() {
  queue_.bell.fetch_add(1, std::memory_order_seq_cst);
  futex_wake(queue_.bell);
}

void LanePool::wake_all() {
  queue_.bell.fetch_add(1, std::memory_order_seq_cst);
  futex_wake(queue_.bell, 1 << 20);
}

}  // namespace adyton
