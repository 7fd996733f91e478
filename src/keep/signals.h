// SPDX-License-Identifier: Apache-2.0
// Signals within the process: sent by its own threads or made of its faults, run on its stacks in frames as Linux lays
// them out on x86-64. A thread notices one when it is in a system call; who computes is not interrupted.
#pragma once

#include <cstdint>

#include "keep/kernel.h"

namespace adyton::keep {

struct SignalCause {
  std::uint64_t number = 0;
  std::int32_t code = 0;      // si_code
  std::uint64_t address = 0;  // si_addr
  std::uint64_t trap = 0, error = 0;
};

// What a fault of the thread means: its handler runs next, or the application ends. The frame is as at the fault.
void raise_fault(Kernel& kernel, ThreadState& thread, const SignalCause& cause);

// Marks it as sent to `target`, and wakes that.
void send_signal(Kernel& kernel, ThreadState& target, std::uint64_t signal);

// Before a thread goes on: what was sent to it and is not blocked. The frame is complete.
void deliver_signals(Kernel& kernel, ThreadState& thread);

// rt_sigreturn(2): the frame as it was. Ends the application if there is none at rsp.
void return_from_signal(Kernel& kernel, ThreadState& thread);

[[nodiscard]] inline bool has_signal(const ThreadState& thread) {
  return (__atomic_load_n(&thread.pending, __ATOMIC_SEQ_CST) & ~thread.signal_mask) != 0;
}

}  // namespace adyton::keep
