// SPDX-License-Identifier: Apache-2.0
#include "platform/sgx/interrupter.h"

#include <algorithm>
#include <exception>

namespace adyton {

using Clock = std::chrono::steady_clock;

Interrupter::Interrupter(std::function<void(std::uint64_t)> interrupt, Count exits, Count noticed,
                         std::function<void(std::uint64_t)> on_alarm)
    : interrupt_(std::move(interrupt)),
      exits_(std::move(exits)),
      noticed_(std::move(noticed)),
      on_alarm_(std::move(on_alarm)) {}

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
    std::erase_if(wanted_, [&](const Wanted& one) { return one.thread == thread; });
    wanted_.push_back({thread, exits_(thread)});
    again_ = kSoon;
    start();
  }
  interrupt_(thread);
}

void Interrupter::alarm(std::optional<Clock::time_point> when, std::uint64_t thread) {
  const std::scoped_lock locked(mutex_);
  alarm_ = when;
  alarm_thread_ = thread;
  ringing_.reset();
  start();
}

void Interrupter::run() {
  // A thread that was just on its way in when it was interrupted has not noticed: it is interrupted again. Less and
  // less often, as it may be asleep, or on a processor where nothing interrupts it.
  std::unique_lock locked(mutex_);
  while (!stop_) {
    const bool pending = !wanted_.empty() || ringing_;
    if (!pending && !alarm_) {
      changed_.wait(locked);
      continue;
    }
    const auto again = Clock::now() + again_;
    changed_.wait_until(locked, !pending ? *alarm_ : alarm_ ? std::min(*alarm_, again) : again);
    if (stop_) return;
    if (alarm_ && Clock::now() >= *alarm_) {
      const std::uint64_t thread = alarm_thread_;
      alarm_.reset();
      ringing_ = {thread, noticed_(thread)};
      again_ = kSoon;
      locked.unlock();
      on_alarm_(thread);
      interrupt_(thread);
      locked.lock();
      continue;
    }
    if (Clock::now() < again) continue;  // woken by something new
    std::erase_if(wanted_, [&](const Wanted& one) { return exits_(one.thread) != one.count; });
    if (ringing_ && noticed_(ringing_->thread) != ringing_->count) ringing_.reset();
    for (const Wanted& one : wanted_) interrupt_(one.thread);
    if (ringing_) interrupt_(ringing_->thread);
    again_ = std::min(2 * again_, kSeldom);
  }
}

}  // namespace adyton
