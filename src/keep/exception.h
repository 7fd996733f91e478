// SPDX-License-Identifier: Apache-2.0
// What to do about an exception of the application, decided from the state save area alone (SDM 3D, 35.9).
#pragma once

#include <cstdint>

#include "keep/kernel.h"

namespace adyton::keep {

// GPRSGX, the last 184 bytes of a frame.
struct GprSgx {
  std::uint64_t rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15;
  std::uint64_t flags, rip, outside_rsp, outside_rbp;
  std::uint32_t exit_info, reserved;
  std::uint64_t fs_base, gs_base;
};
static_assert(sizeof(GprSgx) == 184);

struct ExInfo {  // EXINFO, the 16 bytes before GPRSGX
  std::uint64_t address;
  std::uint32_t error, reserved;
};

struct ExceptionEnd {
  KeepExit exit;
  std::uint64_t value;
};

// Where the application is sent on: addresses of the assembly's entries.
struct KeepEntries {
  std::uint64_t syscall, trap;
  std::uint64_t go_on, gone;  // between these the frame is complete and the thread on its way out
};

// Changes `saved` (and thread.frame, thread.trap) so that ERESUME goes on in the keep kernel, and returns kResume;
// or kRefused where there is no exception, or kFailed where it is the keep kernel's own. Where there is no exception
// and the host says that it has interrupted the thread, that goes on with what is there for it: signals, timers that
// may be due, the application's end; if nothing is, it is refused. `told_address`: of a page fault, as the host says;
// only debug images look at it (kCrashReport).
ExceptionEnd handle_exception(const Kernel& kernel, ThreadState& thread, GprSgx& saved, const ExInfo& exinfo,
                              const KeepEntries& entries, bool interrupt, std::uint64_t told_address = 0);

}  // namespace adyton::keep
