// SPDX-License-Identifier: Apache-2.0
// Asynchronous exits: what a signal that arrives while a thread is inside does to the enclave's state and the thread's
// (SDM volume 3D, chapter "Enclave Exiting Events"), and back.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include <ucontext.h>

#include <adyton/result.h>
#include "platform/sgx_emulator/enclave.h"
#include "platform/sgx_emulator/thread_slot.h"

namespace adyton::sgx {

struct Exception {
  std::uint16_t vector = 0, error_code = 0;
  std::uint64_t address = 0;  // of page and protection faults
};
inline constexpr std::uint16_t kDivideError = 0, kDebugTrap = 1, kBreakpoint = 3, kInvalidOpcode = 6,
                               kGeneralProtection = 13, kPageFault = 14;

// GPRSGX of this frame of the thread's state save area.
GprSgx* gpr_of(const EmulatedEnclave& enclave, const Thread& thread, std::uint32_t frame);

// RFLAGS that ERESUME takes from a frame, and those that it takes for given.
std::uint64_t resumed_flags(std::uint64_t saved);

// An XSAVE area that came from enclave memory: that XRSTOR with these features takes it. Errors: invalid, as #GP.
Result<void> check_xstate(std::span<std::byte> area, std::uint64_t xfrm);

// What ERESUME loads of a frame into the slot: the frame's own extended state and, of what XFRM does not have, what
// the host kept of it. Errors: invalid, as #GP.
Result<void> load_state(ThreadSlot& slot, Thread& thread, std::uint32_t frame);

// Enters by `how`, which returns when the enclave has been left.
Result<SgxEntryEnd> run(ThreadSlot& slot, void (*how)(ThreadSlot*));

// AEX: the registers of `context` into the thread's frame, synthetic ones in their place, the host's FS and GS in
// `interrupted`. Then the thread is outside. CSSA is one more.
void leave_asynchronously(AdytonSgxInterrupted& interrupted, ucontext_t& context,
                          const std::optional<Exception>& exception);

// After it, for what the host does not see: ERESUME into `context`. False if the TCS is in use by now, or its frame
// not fit to be resumed; then the thread goes on outside, and is told so.
bool resume_into(AdytonSgxInterrupted& interrupted, ucontext_t& context);

// After leave_asynchronously(): the thread goes on where __vdso_sgx_enter_enclave() would return an exception.
void return_exception(AdytonSgxInterrupted& interrupted, ucontext_t& context, const Exception& exception);
// Likewise, for SgxEnclave::interrupt().
void return_interrupted(AdytonSgxInterrupted& interrupted, ucontext_t& context);

// leaves.cc: the ENCLU that `context` stands before. Nothing: done, and `context` stands behind it or, after EEXIT,
// outside. Or else the exception that it raises.
std::optional<Exception> execute_enclu(AdytonSgxInterrupted& interrupted, ucontext_t& context);

}  // namespace adyton::sgx
