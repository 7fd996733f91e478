// SPDX-License-Identifier: Apache-2.0
#include "platform/sgx/interrupter.h"

#include <algorithm>
#include <exception>

namespace adyton {

using Clock = std::chrono::steady_clock;

Interrupter::Interrupter(std::function<void(std::uint64_t)> interrupt, std::function<bool(std::uint64_t)> misses,
                         std::function<void(std::uint64_t)> on_alarm)
    : interrupt_(std::move(interrupt)), misses_(std::move(misses)), on_alarm_(std::move(on_alarm)) {}

Interrupter::~Interrupter() {
  {
    const std::scoped_lock locked(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  if (runner_.joinable()) runner_.join();
}

void Interrupter::start() {
  try {
    if (!runner_.joinable()) runner_ = std::thread([this] { run(); });
  } catch (const std::exception&) {
    return;  // no thread to be had: nothing is late but alarms and second attempts
  }
  changed_.notify_all();
}

void Interrupter::now(std::uint64_t thread) {
  {
    const std::scoped_lock locked(mutex_);
    if (std::ranges::find(wanted_, thread) == wanted_.end()) wanted_.push_back(thread);
    start();
  }
  interrupt_(thread);
}

void Interrupter::alarm(std::optional<Clock::time_point> when, std::uint64_t thread) {
  const std::scoped_lock locked(mutex_);
  alarm_ = when;
  alarm_thread_ = thread;
  start();
}

void Interrupter::run() {
  // A thread that was just on its way in when it was interrupted has not noticed: it is interrupted again.
  constexpr auto kAgain = std::chrono::milliseconds(1);
  std::unique_lock locked(mutex_);
  while (!stop_) {
    if (wanted_.empty() && !alarm_) {
      changed_.wait(locked);
      continue;
    }
    const auto again = Clock::now() + kAgain;
    changed_.wait_until(locked, wanted_.empty() ? *alarm_ : alarm_ ? std::min(*alarm_, again) : again);
    if (stop_) return;
    if (alarm_ && Clock::now() >= *alarm_) {
      const std::uint64_t thread = alarm_thread_;
      alarm_.reset();
      locked.unlock();
      on_alarm_(thread);
      now(thread);
      locked.lock();
      continue;
    }
    std::erase_if(wanted_, [&](std::uint64_t thread) { return !misses_(thread); });
    for (const std::uint64_t thread : wanted_) interrupt_(thread);
  }
}

}  // namespace adyton
