// SPDX-License-Identifier: Apache-2.0
#include "keep/exception.h"

#include <asm/signal.h>

#include "keep/signals.h"

namespace adyton::keep {
namespace {

constexpr std::uint32_t kValid = 1U << 31;
constexpr std::uint64_t kResumeFlag = 1 << 16, kTrapFlag = 1 << 8;

// The instructions that an enclave may not execute and the keep kernel does in their place. 0 bytes: none of them.
std::uint64_t forbidden_instruction(const UserMemory& user, std::uint64_t rip, Trap& trap) {
  const auto* code = user.in<std::uint8_t>(rip, 2);
  if (code == nullptr || code[0] != 0x0f) return 0;
  switch (code[1]) {
    case 0x05: trap = Trap::kSyscall; return 2;
    case 0xa2: trap = Trap::kCpuid; return 2;
    case 0x31: trap = Trap::kTimestamp; return 2;
    case 0x01:
      if (user.readable(rip, 3) && code[2] == 0xf9) {
        trap = Trap::kTimestampAndId;
        return 3;
      }
      return 0;
    default: return 0;
  }
}

std::uint64_t signal_of(std::uint32_t vector) {
  switch (vector) {
    case 0:   // #DE
    case 16:  // #MF
    case 19:  // #XM
      return SIGFPE;
    case 1:  // #DB
    case 3:  // #BP
      return SIGTRAP;
    case 5:   // #BR
    case 13:  // #GP
    case 14:  // #PF
      return SIGSEGV;
    case 17: return SIGBUS;  // #AC
    default: return SIGILL;
  }
}

Frame frame_of(const GprSgx& saved) {
  return {.rax = saved.rax,
          .rbx = saved.rbx,
          .rcx = saved.rcx,
          .rdx = saved.rdx,
          .rsi = saved.rsi,
          .rdi = saved.rdi,
          .rbp = saved.rbp,
          .rsp = saved.rsp,
          .r8 = saved.r8,
          .r9 = saved.r9,
          .r10 = saved.r10,
          .r11 = saved.r11,
          .r12 = saved.r12,
          .r13 = saved.r13,
          .r14 = saved.r14,
          .r15 = saved.r15,
          .rip = saved.rip,
          .flags = saved.flags & ~kResumeFlag};
}

// Of a thread that was interrupted in the application, or with everything done but going back to it. Elsewhere in the
// keep kernel it sees by itself that there is something.
bool attend_next(const Kernel& kernel, ThreadState& thread, GprSgx& saved, const KeepEntries& entries) {
  const bool wanted =
      has_signal(kernel, thread) || kernel.timers.armed() || __atomic_load_n(&kernel.ended, __ATOMIC_SEQ_CST) != 0;
  const bool leaving = saved.rip >= entries.go_on && saved.rip < entries.gone;
  if (!wanted) return false;
  if (!leaving && saved.rip - kernel.base < kernel.config.keep_bytes) {
    // Or it would see only signals: that a timer is due the host says once.
    __atomic_store_n(&thread.attention, 1, __ATOMIC_SEQ_CST);
    return false;
  }
  if (!leaving) thread.frame = frame_of(saved);
  thread.trap = Trap::kInterrupt;
  saved.rip = entries.trap;
  saved.flags &= ~(kTrapFlag | kResumeFlag);
  return true;
}

// A fault of a debug image's application that only the host knows of, and a handler that is there to tell of it.
bool wants_crash_report(const Kernel& kernel, const GprSgx& saved) {
  return kernel.config.debug == 1 && saved.rip - kernel.base >= kernel.config.keep_bytes &&
         (__atomic_load_n(&kernel.actions[SIGSEGV].flags, __ATOMIC_RELAXED) & kCrashReport) != 0;
}

}  // namespace

ExceptionEnd handle_exception(const Kernel& kernel, ThreadState& thread, GprSgx& saved, const ExInfo& exinfo,
                              const KeepEntries& entries, bool interrupt, std::uint64_t told_address) {
  if ((saved.exit_info & kValid) == 0) {
    if (interrupt && attend_next(kernel, thread, saved, entries)) return {KeepExit::kResume, 0};
    if (interrupt || !wants_crash_report(kernel, saved)) {
      return {KeepExit::kRefused, static_cast<std::uint64_t>(KeepRefusal::kNoException)};
    }
    constexpr std::uint32_t kPageFault = 14;
    thread.trap = Trap::kSignal;
    thread.frame = frame_of(saved);
    thread.signal = SIGSEGV;
    thread.signal_trap = kPageFault;
    thread.signal_address = told_address;
    thread.signal_error = 0;
    saved.rip = entries.trap;
    saved.flags &= ~(kTrapFlag | kResumeFlag);
    return {KeepExit::kResume, 0};
  }
  if (saved.rip - kernel.base < kernel.config.keep_bytes) {
    return {KeepExit::kFailed, static_cast<std::uint64_t>(KeepFailure::kException)};
  }
  const std::uint32_t vector = saved.exit_info & 0xff;
  constexpr std::uint32_t kInvalidOpcode = 6;
  Trap trap = Trap::kSignal;
  const std::uint64_t length = vector == kInvalidOpcode ? forbidden_instruction(kernel.user, saved.rip, trap) : 0;
  if (trap == Trap::kSyscall) {
    // As the instruction does it: rcx is where to go on, r11 the flags.
    saved.r11 = saved.flags & ~kResumeFlag;
    saved.rcx = saved.rip + length;
    saved.rip = entries.syscall;
  } else {
    thread.trap = trap;
    thread.frame = frame_of(saved);
    thread.frame.rip += length;
    thread.signal = trap == Trap::kSignal ? signal_of(vector) : 0;
    thread.signal_trap = vector;
    const bool fault = vector == 13 || vector == 14;  // told only with MISCSELECT.EXINFO, and then this is it
    thread.signal_address = fault ? exinfo.address : saved.rip;
    thread.signal_error = fault ? exinfo.error : 0;
    saved.rip = entries.trap;
  }
  saved.flags &= ~(kTrapFlag | kResumeFlag);
  return {KeepExit::kResume, 0};
}

}  // namespace adyton::keep
