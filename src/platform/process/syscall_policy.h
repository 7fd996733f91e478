// SPDX-License-Identifier: Apache-2.0
// Which system calls an enclave may make: tables for people to review, compiled to the program the kernel runs.
#pragma once

#include <cstdint>
#include <vector>

#include <linux/filter.h>

#include <adyton/result.h>

namespace adyton {

// What the manifest adds to the calls every enclave may make, and how the one execveat is let through.
struct SyscallPolicy {
  bool read_files = false;
  bool write_files = false;  // and read
  bool connect = false;
  bool listen = false;
  bool emulate = false;  // a program that runs an enclave's code inside of itself, and catches its system calls
  // True: the supervisor is asked, and answers once. False: execveat works on `executable_descriptor` alone, a number
  // above the limit of open files, so that it can never be opened again once the program has closed it by starting.
  bool ask_supervisor = true;
  std::uint32_t executable_descriptor = 0;

  auto operator<=>(const SyscallPolicy&) const = default;
};

// The seccomp program for x86-64. Calls of another architecture or of x32 kill the process; calls that are in no table
// fail with ENOSYS; those that reach beyond the process, with EPERM. It holds supervisor::kOwnProcessPlaceholder in the
// place of the enclave's process id. Errors: internal (libseccomp refused a rule).
Result<std::vector<sock_filter>> compile_policy(const SyscallPolicy& policy);

}  // namespace adyton
