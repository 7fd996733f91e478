// SPDX-License-Identifier: Apache-2.0
#include "call/lane_pool.h"

#include <bit>

#include "base/error.h"

namespace adyton {
namespace {

constexpr std::chrono::milliseconds kTenure{4};     // of a thread that calls back to back while others wait
constexpr std::chrono::milliseconds kRecheck{200};  // a waiting thread looks by itself, whatever the other side does

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

Result<std::uint32_t> LanePool::acquire(const WaitLimits& limits, const ChannelState& state) {
  if (reserved_.load(std::memory_order_relaxed) == 0) {
    if (const auto lane = try_acquire()) return *lane;
  }
  queue_.waiting.fetch_add(1, std::memory_order_seq_cst);
  if (waiting_.fetch_add(1, std::memory_order_seq_cst) == 0) tenure_start_.store(now_ns(), std::memory_order_relaxed);
  const std::stop_callback wake(limits.cancel, [this] { wake_all(); });
  bool waited = false;
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
    SteadyTime until = now + kRecheck;
    if (limits.deadline && *limits.deadline < until) until = *limits.deadline;
    futex_wait(queue_.bell, seen, until);
    waited = true;
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

void LanePool::make_way(const LastCall& last) {
  if (last.was_quick) {
    if (!last.looks_at_clock) return;
    answerer_.store(last.answerer, std::memory_order_relaxed);
    if (now_ns() - tenure_start_.load(std::memory_order_relaxed) < std::chrono::nanoseconds(kTenure).count()) return;
    reserved_.store(1, std::memory_order_relaxed);
  }
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
