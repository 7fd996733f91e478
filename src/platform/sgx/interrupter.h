// SPDX-License-Identifier: Apache-2.0
// Brings threads out of an enclave that compute there and ask for nothing: at once, again until it has worked, or at a
// time that the enclave asked for.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace adyton {

class Interrupter {
 public:
  // `interrupt` is called with a thread's index, on any thread, by now() and then again as long as `misses` says that
  // the thread has not noticed; `on_alarm` before that when it is time. All are thread-safe.
  Interrupter(std::function<void(std::uint64_t)> interrupt, std::function<bool(std::uint64_t)> misses,
              std::function<void(std::uint64_t)> on_alarm);
  Interrupter(const Interrupter&) = delete;
  Interrupter& operator=(const Interrupter&) = delete;
  ~Interrupter();

  void now(std::uint64_t thread);
  // Instead of the last one; without a time: none.
  void alarm(std::optional<std::chrono::steady_clock::time_point> when, std::uint64_t thread);

 private:
  void run();
  void start();

  const std::function<void(std::uint64_t)> interrupt_;
  const std::function<bool(std::uint64_t)> misses_;
  const std::function<void(std::uint64_t)> on_alarm_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::uint64_t> wanted_;  // threads
  std::optional<std::chrono::steady_clock::time_point> alarm_;
  std::uint64_t alarm_thread_ = 0;
  bool stop_ = false;
  std::thread runner_;
};

}  // namespace adyton
