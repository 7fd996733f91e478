// SPDX-License-Identifier: Apache-2.0
// A system call of a traced enclave as a line, like strace's.
#pragma once

#include <string>

#include "image/sgx/keep_interface.h"

namespace adyton {

// `[2] openat(AT_FDCWD, "/tmp/x", O_RDONLY) = -1 ENOENT (No such file or directory)`; a call that left the enclave ends
// in ` -> host`. Without a newline. Any record is described: an enclave that is debugged may write anything into it.
std::string describe(const TraceRecord& record);

// "openat" of 257; of one that nobody knows "syscall_0x1000".
std::string name_of_system_call(std::uint64_t number);

}  // namespace adyton
