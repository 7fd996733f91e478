// SPDX-License-Identifier: Apache-2.0
// Which system calls an enclave may make: tables for people to review, compiled to the program the kernel runs.
#pragma once

#include <cstdint>
#include <vector>

#include <linux/filter.h>

#include <adyton/result.h>

namespace adyton {

// What a program runs inside of itself: nothing; an enclave in an emulated processor, whose code it maps and whose
// system calls it catches; an enclave of /dev/sgx_enclave, which is descriptor kHandedDevice.
enum class Hosting : std::uint8_t { kNothing, kEmulated, kDevice };
inline constexpr int kHandedDevice = 5;

// What the manifest adds to the calls every enclave may make, and how the one execveat is let through.
struct SyscallPolicy {
  bool read_files = false;
  bool write_files = false;  // and read
  bool connect = false;
  bool listen = false;
  Hosting hosting = Hosting::kNothing;
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
