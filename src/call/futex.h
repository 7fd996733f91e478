// SPDX-License-Identifier: Apache-2.0
// Sleeping until another process changes a word of shared memory, and where a thread runs.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>

namespace adyton {

using SteadyTime = std::chrono::steady_clock::time_point;

// Sleeps while `word` is `seen`, until futex_wake() or the deadline. May return early for no reason.
void futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t seen, std::optional<SteadyTime> deadline);
void futex_wake(const std::atomic<std::uint32_t>& word, int threads = 1);

// How many processors this thread may use.
unsigned processor_count();
// The processor this thread is on now.
std::uint32_t current_processor();

// Where a thread that answers calls runs, beside the thread that makes them. Belongs to the calling thread.
class Placement {
 public:
  Placement();
  void anywhere();                       // where the thread was allowed at first
  void with(std::uint32_t processor);    // on the caller's processor: a wake-up there costs a fraction
  void beside(std::uint32_t processor);  // on any other: both can stay awake

 private:
  enum class Mode : std::uint8_t { kAnywhere, kWith, kBeside };
  void move(Mode mode, std::uint32_t processor);
  Mode mode_ = Mode::kAnywhere;
  std::uint32_t processor_ = 0;
  std::uint64_t allowed_[16] = {};  // a cpu_set_t of 1024 processors
};

}  // namespace adyton
