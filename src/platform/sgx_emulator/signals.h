// SPDX-License-Identifier: Apache-2.0
// The process's signals, where code of an emulated enclave may be what they interrupt.
#pragma once

#include <adyton/result.h>

namespace adyton::sgx {

// Takes the signals by which the kernel reports faults, and moves every handler that there is onto the emulator's
// stacks; again at each call, for what has been installed since. Thread-safe. Errors: io.
Result<void> adopt_signal_handlers();

// Makes that thread of this process notice SgxEnclave::interrupt(), if it is inside.
void send_interrupt(int host_thread);

// Whether RDTSC is allowed on this thread (PR_SET_TSC), and CPUID (where the processor can refuse it; elsewhere
// nothing). Errors: unavailable.
Result<void> set_tsc(bool allowed);
Result<void> set_cpuid(bool allowed);
bool cpuid_can_fault();

}  // namespace adyton::sgx
