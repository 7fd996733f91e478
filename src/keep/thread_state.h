// SPDX-License-Identifier: Apache-2.0
// What the keep kernel knows of one thread: the part of KeepThread that is its own. GS points to the KeepThread while
// the enclave runs, so the assembly reaches it without a register (bare/offsets.h has the numbers).
#pragma once

#include <cstddef>
#include <cstdint>

#include "image/sgx/keep_config.h"
#include "keep/clock.h"

namespace adyton::keep {

// All general registers of the application, as they will be when it goes on.
struct Frame {
  std::uint64_t rax = 0, rbx = 0, rcx = 0, rdx = 0, rsi = 0, rdi = 0, rbp = 0, rsp = 0;
  std::uint64_t r8 = 0, r9 = 0, r10 = 0, r11 = 0, r12 = 0, r13 = 0, r14 = 0, r15 = 0;
  std::uint64_t rip = 0, flags = 0;
};

// docs/keep.md has the table of what may happen in which.
enum class ThreadPhase : std::uint64_t { kIdle = 0, kRunning = 1, kWaiting = 2, kEnded = 3, kWanted = 4 };

// Why the application's thread came to the keep kernel by way of the exception handler.
enum class Trap : std::uint64_t {
  kSyscall = 0,
  kCpuid = 1,
  kTimestamp = 2,
  kTimestampAndId = 3,
  kSignal = 4,
  kInterrupt = 5,  // nothing of its own: signals sent to it, timers
};

// Whose the thread control structure is: nobody's; a thread's, from clone() on; a thread's that ends, of which nothing
// is expected any more.
enum class ThreadHold : std::uint32_t { kFree = 0, kHeld = 1, kEnding = 2 };

struct ThreadState {
  ThreadPhase phase;                             // by the functions below: clone() on another thread sets it too
  std::uint64_t in_exception;                    // 1 while CSSA 1 is looked at
  Frame frame;                                   // the application's, while it is in the keep kernel
  std::uint64_t host_return;                     // where EEXIT goes, as EENTER said
  std::uint64_t exception_return;                // likewise, of the exception handler
  std::uint64_t keep_rsp, keep_rbp;              // while waiting for an answer
  std::uint64_t fs_base;                         // the application's, likewise
  std::uint64_t stack_top, exception_stack_top;  // addresses
  Trap trap;
  std::uint64_t host_page;     // address, checked
  std::uint64_t stack_bottom;  // address of the word that is not to change: kStackMark
  std::uint64_t attention;     // __atomic_, 1: something to look at before the application goes on
  // What follows is not the assembly's.
  std::uint64_t index;
  std::uint32_t thread_id;                            // as gettid() tells
  std::uint64_t clear_thread_id;                      // address, CLONE_CHILD_CLEARTID and set_tid_address()
  std::uint64_t robust_list;                          // set_robust_list()
  std::uint64_t signal_mask;                          // rt_sigprocmask(): bookkeeping
  std::uint64_t alternate_stack[3];                   // stack_t: bookkeeping
  std::uint64_t signal, signal_address, signal_trap;  // of Trap::kSignal
  std::uint64_t pending;                              // signals sent to it, __atomic_
  std::uint64_t signal_error;                         // of Trap::kSignal: error code of a page fault
  std::uint64_t wait_address;                         // the futex it sleeps on, 0: none
  std::uint32_t wait_mask;                            // FUTEX_WAIT_BITSET
  std::uint64_t wait_turn;                            // the lower, the longer it sleeps
  std::uint64_t requests;                             // to the host, all in all
  ThreadHold hold;                                    // by the functions below
  std::uint64_t wait_signals;                         // __atomic_: what sigtimedwait() waits for
  std::uint64_t kept_mask;                            // signal_mask as it is to be again after this system call
  bool mask_is_kept;
  Time used;              // processor time, as told last
  char name[16];          // PR_SET_NAME, with a zero byte
  std::uint64_t restart;  // 1 and the number of the system call that a signal interrupted and that may be made again

  void set_phase(ThreadPhase next) { __atomic_store(&phase, &next, __ATOMIC_SEQ_CST); }
  void set_hold(ThreadHold next) { __atomic_store(&hold, &next, __ATOMIC_SEQ_CST); }
  [[nodiscard]] bool is(ThreadHold wanted) const {
    ThreadHold now{};
    __atomic_load(&hold, &now, __ATOMIC_SEQ_CST);
    return now == wanted;
  }
  // False, and nothing happens, unless it is `from`.
  bool change_phase(ThreadPhase from, ThreadPhase to) {
    return __atomic_compare_exchange(&phase, &from, &to, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
  }
};
inline constexpr std::uint64_t kStackMark = 0x6b65657020737461;  // "keep sta"

static_assert(sizeof(ThreadState) <= sizeof(KeepThread::keep));

}  // namespace adyton::keep
