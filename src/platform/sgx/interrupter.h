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
  using Count = std::function<std::uint64_t(std::uint64_t)>;

  // `interrupt` is called with a thread's index, on any thread, until `exits` of it is not what it was when now() was
  // called; when it is time for an alarm, `on_alarm` once, and then `interrupt` until `noticed` is not what it was, or
  // there is a new alarm: a thread that comes out by itself has not heard of it. All are thread-safe.
  Interrupter(std::function<void(std::uint64_t)> interrupt, Count exits, Count noticed,
              std::function<void(std::uint64_t)> on_alarm);
  Interrupter(const Interrupter&) = delete;
  Interrupter& operator=(const Interrupter&) = delete;
  ~Interrupter();

  void now(std::uint64_t thread);
  // Instead of the last one; without a time: none.
  void alarm(std::optional<std::chrono::steady_clock::time_point> when, std::uint64_t thread);

 private:
  static constexpr std::chrono::milliseconds kSoon{1}, kSeldom{64};
  void run();
  void start();

  struct Wanted {
    std::uint64_t thread, count;
  };
  const std::function<void(std::uint64_t)> interrupt_;
  const Count exits_, noticed_;
  const std::function<void(std::uint64_t)> on_alarm_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Wanted> wanted_;
  std::optional<std::chrono::steady_clock::time_point> alarm_;
  std::uint64_t alarm_thread_ = 0;
  std::optional<Wanted> ringing_;  // an alarm whose time has come
  std::chrono::milliseconds again_ = kSoon;
  bool stop_ = false;
  std::thread runner_;
};

}  // namespace adyton
