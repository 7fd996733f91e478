// SPDX-License-Identifier: Apache-2.0
// What descriptors are ready for, and sleeping until one of several is: what poll(), select() and epoll_wait() share.
#pragma once

#include <asm/errno.h>
#include <asm/poll.h>

#include <cstdint>

#include "keep/held.h"
#include "keep/host_interface.h"
#include "keep/kernel.h"

namespace adyton::keep {

inline constexpr std::uint32_t kAlwaysTold = POLLHUP | POLLERR | POLLNVAL;

// Whether the host knows, and is asked.
[[nodiscard]] bool polled_by_host(const OpenFile& file);
// Of all others: POLLIN and so on, as they hold.
std::uint32_t readiness(Kernel& kernel, ThreadState& thread, const OpenFile& file);
// Counts up with what came to read and room to write.
Edges edges_of(Kernel& kernel, const OpenFile& file);
// In how many nanoseconds it becomes ready by itself (timers); kForever: it does not.
std::uint64_t ready_in(Kernel& kernel, const OpenFile& file);
// Whoever sleeps in here looks again.
void wake_pollers(Kernel& kernel);

// Entry `index` of what the host is asked of, in the host's page.
void put_polled(const ThreadState& thread, std::uint64_t index, const OpenFile& file, std::uint32_t wanted);
// What the host found there, of what was wanted; nothing if that entry is not of this file.
std::uint32_t get_polled(const ThreadState& thread, std::uint64_t index, const OpenFile& file, std::uint32_t wanted);

// poll() of one: 1 once it is ready for some of `wanted`; 0, -EINTR.
std::int64_t wait_for_one(Kernel& kernel, ThreadState& thread, const OpenFile& file, std::uint32_t wanted,
                          const Time* most = nullptr);

// Sleeps until an entry of `source` counts, a signal comes (-EINTR), or the time is over (0). The source has
//   std::uint64_t count();
//   // Until the next one is asked for, or let_go(). nullptr: POLLNVAL; false: to be left out.
//   bool get(std::uint64_t index, const OpenFile*& file, std::uint32_t& wanted);
//   void let_go();  // asleep nothing is held: what is closed meanwhile is gone
//   std::int64_t report(std::uint64_t index, const OpenFile& file, std::uint32_t found);  // how much it counts
//   void begin();                                                          // before each round of reports
template <typename Source>
std::int64_t wait_until_ready(Kernel& kernel, ThreadState& thread, Source& source, const Time* most) {
  const bool at_once = most != nullptr && *most == Time{};
  const Time end = most != nullptr && !at_once ? kernel.clock.now(Clock::kMonotonic) + *most : Time{};
  bool over = at_once;
  const std::uint32_t* changes = kernel.channels.changes();
  while (true) {
    const std::uint32_t before = __atomic_load_n(changes, __ATOMIC_SEQ_CST);
    source.begin();
    std::int64_t ready = 0;
    std::uint64_t asked = 0, soon = kForever;
    const OpenFile* file = nullptr;
    std::uint32_t wanted = 0;
    for (std::uint64_t index = 0; index < source.count(); ++index) {
      if (!source.get(index, file, wanted)) continue;
      wanted |= kAlwaysTold;
      if (file == nullptr) {
        ready += source.report(index, {}, POLLNVAL);
        continue;
      }
      if (polled_by_host(*file)) {
        put_polled(thread, asked++, *file, wanted);
        continue;
      }
      const std::uint32_t found = readiness(kernel, thread, *file) & wanted;
      if (found != 0) ready += source.report(index, *file, found);
      const std::uint64_t one = ready_in(kernel, *file);
      if (one < soon) soon = one;
    }
    source.let_go();
    const bool sleeps = ready == 0 && !over;
    std::int64_t slept = 0;
    if (sleeps) {
      Time until = end;
      if (soon != kForever) {
        const Time expiry = kernel.clock.now(Clock::kMonotonic) + time_of(soon);
        if (most == nullptr || expiry < until) until = expiry;
      }
      slept = kernel.threads.wait(kernel, thread,
                                  {.word = changes,
                                   .expected = before,
                                   .deadline = most != nullptr || soon != kForever ? &until : nullptr,
                                   .polled = asked});
    } else if (asked > 0) {
      ask_host(KeepRequest::kPoll, 0, asked);
    }
    if (asked > 0) {
      std::uint64_t next = 0;
      for (std::uint64_t index = 0; index < source.count() && next < asked; ++index) {
        if (!source.get(index, file, wanted) || file == nullptr || !polled_by_host(*file)) continue;
        const std::uint32_t found = get_polled(thread, next++, *file, wanted | kAlwaysTold);
        if (found != 0) ready += source.report(index, *file, found);
      }
      source.let_go();
    }
    if (ready > 0 || over) return ready;
    if (slept == -EINTR) return slept;
    over = slept == -ETIMEDOUT && most != nullptr && kernel.clock.now(Clock::kMonotonic) >= end;
  }
}

}  // namespace adyton::keep
