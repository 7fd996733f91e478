// SPDX-License-Identifier: Apache-2.0
// Descriptors within the enclave that block: trying until something can be done.
#pragma once

#include <linux/fcntl.h>

#include "keep/calls.h"
#include "keep/readiness.h"

namespace adyton::keep {

[[nodiscard]] inline bool blocks(const OpenFile& file) { return (file.flags & O_NONBLOCK) == 0; }

// What `attempt` says that is not -EAGAIN, asleep between; once only if it is not to wait.
template <typename Try>
std::int64_t until_done(Kernel& kernel, ThreadState& thread, const OpenFile& file, bool waits, Try&& attempt) {
  const std::uint32_t* changes = kernel.channels.changes();
  while (true) {
    const std::uint32_t before = __atomic_load_n(changes, __ATOMIC_SEQ_CST);
    const std::int64_t done = attempt();
    if (done != -EAGAIN || !waits) {
      if (done >= 0) kernel.threads.wake(changes, ~std::uint64_t{0}, ~0U);
      return done;
    }
    const std::uint64_t soon = ready_in(kernel, file);
    const Time until = soon != kForever ? kernel.clock.now(Clock::kMonotonic) + time_of(soon) : Time{};
    const std::int64_t slept = kernel.threads.wait(
        kernel, thread, {.word = changes, .expected = before, .deadline = soon != kForever ? &until : nullptr});
    if (slept == -EINTR) return -kRestart;
  }
}

template <typename Try>
std::int64_t until_done(Kernel& kernel, ThreadState& thread, const OpenFile& file, Try&& attempt) {
  return until_done(kernel, thread, file, blocks(file), attempt);
}

}  // namespace adyton::keep
