// SPDX-License-Identifier: Apache-2.0
#include "call/futex.h"

#include <bit>
#include <cstring>
#include <ctime>

#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace adyton {

void futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t seen, std::optional<SteadyTime> deadline) {
  timespec until{};
  if (deadline) {
    const auto since_boot = deadline->time_since_epoch();
    const auto seconds = std::chrono::floor<std::chrono::seconds>(since_boot);
    until.tv_sec = seconds.count();
    until.tv_nsec = std::chrono::nanoseconds(since_boot - seconds).count();
  }
  // SAFETY: the kernel only reads the 32-bit word, which outlives the call; FUTEX_WAIT_BITSET takes an absolute time of
  // CLOCK_MONOTONIC, the clock of steady_clock. Not PRIVATE: the other side is another process.
  ::syscall(SYS_futex, &word, FUTEX_WAIT_BITSET, seen, deadline ? &until : nullptr, nullptr, FUTEX_BITSET_MATCH_ANY);
}

void futex_wake(const std::atomic<std::uint32_t>& word, int threads) {
  // SAFETY: the kernel uses only the word's address.
  ::syscall(SYS_futex, &word, FUTEX_WAKE, threads, nullptr, nullptr, 0);
}

unsigned processor_count() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return static_cast<unsigned>(CPU_COUNT(&set));
}

std::uint32_t current_processor() {
  const int cpu = ::sched_getcpu();
  return cpu < 0 ? 0 : static_cast<std::uint32_t>(cpu);
}

Placement::Placement() {
  static_assert(sizeof(cpu_set_t) == sizeof allowed_);
  // SAFETY: cpu_set_t is an array of 64-bit words of the same size.
  if (::sched_getaffinity(0, sizeof allowed_, reinterpret_cast<cpu_set_t*>(allowed_)) < 0) {
    std::memset(allowed_, 0, sizeof allowed_);
  }
}

void Placement::anywhere() { move(Mode::kAnywhere, 0); }
void Placement::with(std::uint32_t processor) { move(Mode::kWith, processor); }
void Placement::beside(std::uint32_t processor) { move(Mode::kBeside, processor); }

void Placement::move(Mode mode, std::uint32_t processor) {
  if (mode == mode_ && (mode == Mode::kAnywhere || processor == processor_)) return;
  mode_ = mode;
  processor_ = processor;
  std::uint64_t wanted[16];
  std::memcpy(wanted, allowed_, sizeof wanted);
  if (mode != Mode::kAnywhere) {
    if (processor >= 1024) return;
    const std::uint64_t bit = std::uint64_t{1} << (processor % 64);
    const std::uint64_t here = wanted[processor / 64] & bit;
    if (mode == Mode::kWith) {
      if (here == 0) return;
      std::memset(wanted, 0, sizeof wanted);
      wanted[processor / 64] = bit;
    } else {
      wanted[processor / 64] &= ~bit;
      unsigned left = 0;
      for (std::uint64_t word : wanted) left += static_cast<unsigned>(std::popcount(word));
      if (left == 0) return;
    }
  }
  // SAFETY: as above; a refusal leaves the thread where it is, which is only slower.
  ::sched_setaffinity(0, sizeof wanted, reinterpret_cast<const cpu_set_t*>(wanted));
}

}  // namespace adyton
