// SPDX-License-Identifier: Apache-2.0
#include "keep/clock.h"

#include <linux/time.h>

#include "keep/host_interface.h"

namespace adyton::keep {
namespace {

constexpr std::int64_t kBillion = 1'000'000'000;
constexpr std::int64_t kMostSeconds = std::int64_t{1} << 40;

}  // namespace

Time operator+(Time left, Time right) {
  if (right.seconds > kMostSeconds) right.seconds = kMostSeconds;
  if (left.seconds > kMostSeconds) left.seconds = kMostSeconds;
  Time sum{left.seconds + right.seconds, left.nanoseconds + right.nanoseconds};
  if (sum.nanoseconds >= kBillion) {
    sum.nanoseconds -= kBillion;
    ++sum.seconds;
  }
  return sum;
}

std::uint64_t nanoseconds_from(Time from, Time to) {
  if (to <= from) return 0;
  const std::int64_t seconds = to.seconds - from.seconds;
  if (seconds > 9'000'000'000) return std::uint64_t{1} << 63;
  return static_cast<std::uint64_t>(seconds * kBillion + to.nanoseconds - from.nanoseconds);
}

Time from_nanoseconds(std::uint64_t nanoseconds) {
  return {static_cast<std::int64_t>(nanoseconds / kBillion), static_cast<std::int64_t>(nanoseconds % kBillion)};
}

Time Clock::ask(std::uint64_t clock, std::uint64_t index, Time& told) {
  const RawAnswer answer = ask_host(KeepRequest::kClock, clock, index);
  const Time said{static_cast<std::int64_t>(answer.result), static_cast<std::int64_t>(answer.b)};
  const Locked locked(lock_);
  if (said.valid() && said.seconds < kMostSeconds && said > told) told = said;
  return told;
}

Time Clock::now(Kind kind) { return ask(kind, 0, told_[kind]); }
Time Clock::used_by_all() { return ask(CLOCK_PROCESS_CPUTIME_ID, 0, told_of_all_); }
Time Clock::used_by(std::uint64_t thread_index, Time& told) { return ask(CLOCK_THREAD_CPUTIME_ID, thread_index, told); }

bool clock_kind(std::uint64_t clock_id, Clock::Kind& kind) {
  switch (clock_id) {
    case CLOCK_REALTIME:
    case CLOCK_TAI:  // of which Linux knows no offset either, until it is told one
    case CLOCK_REALTIME_COARSE: kind = Clock::kReal; return true;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME: kind = Clock::kMonotonic; return true;
    default: return false;
  }
}

}  // namespace adyton::keep
