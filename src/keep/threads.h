// SPDX-License-Identifier: Apache-2.0
// The enclave's threads: one for each thread control structure, no more. clone() takes a free one; futex() puts them to
// sleep. That a sleeper is woken is decided in here; the host is asked only not to waste the processor meanwhile.
#pragma once

#include <cstdint>

#include "keep/clock.h"
#include "keep/spin_lock.h"
#include "keep/thread_state.h"

namespace adyton::keep {

struct Kernel;

inline constexpr std::uint32_t kProcess = 2;  // getpid(): nobody's parent is 1

class Threads {
 public:
  // The page of thread 0, the distance from each to the next, how many there are.
  void initialise(std::uint64_t first_page, std::uint64_t stride, std::uint64_t count);
  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] ThreadState& state(std::uint64_t index) const;

  // A thread that nobody uses, reserved for the caller, with a new thread id; nullptr if there is none. It is entered
  // once its phase is kWanted.
  ThreadState* reserve();
  // Of one that the host has not started: free again. False: it was started all the same, whatever the host says.
  bool withdraw(ThreadState& thread, std::uint32_t id);

  // The end of a thread, of which it has to do nothing more than to leave: the host may not be asked any more, and the
  // ThreadState may be another's. One step for everybody else: the TCS is free, `word` (nullptr: none) is zero, and one
  // who slept on it is to be woken.
  struct Parting {
    bool last = false;          // nobody else is left: nothing was done, and the application ends
    std::uint64_t to_wake = 0;  // 1 and the index of a thread, which the host is to be told of
  };
  Parting part(ThreadState& thread, std::uint32_t* word);
  [[nodiscard]] std::uint64_t running() const { return __atomic_load_n(&running_, __ATOMIC_RELAXED); }

  // futex(2), less its checks of addresses. -EINTR: a signal is there for this thread.
  struct Sleep {
    const std::uint32_t* word;
    std::uint32_t expected = 0, mask = ~0U;
    const Time* deadline = nullptr;  // none
    Clock::Kind kind = Clock::kMonotonic;
    std::uint64_t polled = 0;  // so many of the host's descriptors are in the host's page, and end it with -EAGAIN
  };
  std::int64_t wait(Kernel& kernel, ThreadState& self, const Sleep& sleep);
  std::int64_t wake(const std::uint32_t* word, std::uint64_t most, std::uint32_t mask);
  // Wakes `most`, and lets up to `most_moved` of the others wait for `to` instead. -EAGAIN if `word` is not
  // `*expected`.
  std::int64_t requeue(const std::uint32_t* word, std::uint64_t most, const std::uint32_t* to, std::uint64_t most_moved,
                       const std::uint32_t* expected);

 private:
  // Takes up to `most` sleepers off `address`, oldest first, and says which: bits of `woken`, one each thread.
  static constexpr std::uint64_t kMostThreads = 256;
  struct Set {
    std::uint64_t words[kMostThreads / 64]{};
  };
  std::uint64_t take_sleepers(std::uint64_t address, std::uint64_t most, std::uint32_t mask, Set& woken);
  void take(ThreadState& sleeper);
  std::int64_t stop_waiting(ThreadState& self, std::int64_t why);
  ThreadState* oldest_sleeper(std::uint64_t address, std::uint32_t mask);
  void rouse(const Set& woken);

  std::uint64_t first_page_ = 0, stride_ = 0, count_ = 0;
  std::uint64_t running_ = 0;
  std::uint32_t ids_given_ = 0;
  SpinLock lock_;               // of what follows, and of ThreadState::wait_*
  std::uint64_t sleepers_ = 0;  // __atomic_
  std::uint64_t next_turn_ = 0;
};

}  // namespace adyton::keep
