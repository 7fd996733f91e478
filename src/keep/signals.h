// SPDX-License-Identifier: Apache-2.0
// Signals within the process: sent by its own threads and timers or made of its faults, run on its stacks in frames as
// Linux lays them out on x86-64. A thread in a system call notices by itself; for one that computes, the host is asked
// to interrupt it.
#pragma once

#include <cstdint>

#include "keep/kernel.h"

namespace adyton::keep {

struct Information {  // siginfo_t
  std::int32_t signal, error_number, code, pad;
  std::uint64_t first;     // si_addr, or si_pid and si_uid
  std::uint64_t rest[13];  // si_value first
};

struct SignalCause {
  std::uint64_t number = 0;
  std::int32_t code = 0;      // si_code
  std::uint64_t address = 0;  // si_addr, or the first field of what a sender says
  std::uint64_t trap = 0, error = 0;
  std::uint64_t value = 0;  // si_value
};

// What a fault of the thread means: its handler runs next, or the application ends. The frame is as at the fault.
void raise_fault(Kernel& kernel, ThreadState& thread, const SignalCause& cause);

// To the thread with this id, or (0) to the process; wakes or interrupts who is to run the handler. 0, -ESRCH, -EAGAIN;
// of a timer whose last signal has not been taken yet: -EALREADY, and nothing is sent.
std::int64_t send_signal(Kernel& kernel, std::uint32_t target, std::uint64_t signal, const SignalInfo& info);
// Of a thread that ends. Signals to the process that it would have handled are the others' to handle.
void take_no_more_signals(Kernel& kernel, ThreadState& thread);
// Signals whose default is to stop the process, which an enclave cannot be: it goes on as if it were continued at once,
// and this says so to the log, for each signal the first time.
bool stops_by_default(std::uint64_t signal);
void tell_of_stop(Kernel& kernel, const ThreadState& thread, std::uint64_t signal);
// What kill() and its like say of the sender.
SignalInfo sent_by_this_process(std::int32_t code);

// The lowest signal of `set` that is there for this thread, taken; 0: none.
std::uint64_t take_signal(Kernel& kernel, ThreadState& thread, std::uint64_t set, SignalInfo& info);

// Those sent to the thread and to the process.
[[nodiscard]] inline std::uint64_t signals_for(const Kernel& kernel, const ThreadState& thread) {
  return __atomic_load_n(&thread.pending, __ATOMIC_SEQ_CST) |
         __atomic_load_n(&kernel.process_pending, __ATOMIC_SEQ_CST);
}
[[nodiscard]] inline bool has_signal(const Kernel& kernel, const ThreadState& thread) {
  return (signals_for(kernel, thread) & (~thread.signal_mask | thread.wait_signals)) != 0;
}

inline constexpr std::int32_t kSentByKernel = 0x80;  // SI_KERNEL

// stack_t's ss_flags.
inline constexpr std::uint64_t kOnStack = 1, kStackDisabled = 2, kAutoDisarm = 1ULL << 31;
// Whether the thread is on its alternate stack, as far as it may be asked: one that disarms itself is never in use.
bool on_alternate_stack(const ThreadState& thread);
// sigaltstack(2), the part that changes it.
std::int64_t set_alternate_stack(ThreadState& thread, std::uint64_t address, std::uint64_t flags, std::uint64_t bytes);

// What a stack needs for the frame of one handler, and nothing else: AT_MINSIGSTKSZ.
std::uint64_t signal_frame_bytes();

// A timer's signal that has not been taken yet is not sent any more.
void take_back_signal(Kernel& kernel, std::uint64_t timer);

// Before a thread goes on: what was sent to it and is not blocked. The frame is complete. True: a handler runs next.
bool deliver_signals(Kernel& kernel, ThreadState& thread);

// Of a thread that was interrupted or is about to go on: timers and signals.
void attend(Kernel& kernel, ThreadState& thread);

// Another mask until the system call ends; a handler that ends it goes back to the one before.
void change_mask_for_call(ThreadState& thread, std::uint64_t mask);

// rt_sigreturn(2): the frame as it was. True: the system call in it is to be made again. Ends the application if there
// is no frame at rsp.
bool return_from_signal(Kernel& kernel, ThreadState& thread);

}  // namespace adyton::keep
