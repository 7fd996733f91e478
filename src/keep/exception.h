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
};

// Changes `saved` (and thread.frame, thread.trap) so that ERESUME goes on in the keep kernel, and returns kResume;
// or kRefused where there is no exception, or kFailed where it is the keep kernel's own. `told_address`: of a page
// fault, as the host says; only debug images look at it (kCrashReport).
ExceptionEnd handle_exception(const Kernel& kernel, ThreadState& thread, GprSgx& saved, const ExInfo& exinfo,
                              const KeepEntries& entries, std::uint64_t told_address = 0);

}  // namespace adyton::keep
