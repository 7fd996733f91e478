// SPDX-License-Identifier: Apache-2.0
// What each host thread has that enters emulated enclaves: the stack its signal handlers run on (never the enclave's),
// its system call filter, and the registers of the entry that is under way. Found from a signal handler by the stack
// pointer alone, since FS may be the enclave's there.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include <adyton/result.h>
#include "platform/sgx/device.h"
#include "platform/sgx_emulator/emulator.h"
#include "platform/sgx_emulator/slot_offsets.h"
#include "platform/sgx_emulator/structures.h"

namespace adyton::sgx {

class EmulatedEnclave;
struct Thread;  // a TCS

inline constexpr std::size_t kMaxXstateBytes = 12 << 10;  // AMX's tiles are the largest so far, 11 KiB with all before

struct ThreadSlot {
  std::uint8_t selector;  // of Syscall User Dispatch: 1 while inside
  std::uint8_t inside;
  std::uint64_t host_fs, host_gs, host_rsp, scratch, aep;
  std::atomic<std::uint32_t>* busy;  // TCS.STATE
  std::uint64_t* ursp;               // U_RSP and U_RBP of the frame that an exit would use
  std::uint64_t xfrm;
  std::uint64_t ended;  // 0: EEXIT, 1: exception
  void* fast_exit;
  SgxHostState* host;  // of adyton_sgx_enter_wild()
  GprSgx gpr;
  alignas(64) std::byte xstate[kMaxXstateBytes];
  EmulatedEnclave* enclave;
  Thread* thread;
  SgxEntryEnd end;
  int host_thread;  // the kernel's id
};
static_assert(offsetof(ThreadSlot, selector) == ADYTON_SGX_SELECTOR &&
              offsetof(ThreadSlot, inside) == ADYTON_SGX_INSIDE);
static_assert(offsetof(ThreadSlot, host_fs) == ADYTON_SGX_HOST_FS &&
              offsetof(ThreadSlot, host_gs) == ADYTON_SGX_HOST_GS);
static_assert(offsetof(ThreadSlot, host_rsp) == ADYTON_SGX_HOST_RSP && offsetof(ThreadSlot, aep) == ADYTON_SGX_AEP);
static_assert(offsetof(ThreadSlot, scratch) == ADYTON_SGX_SCRATCH && offsetof(ThreadSlot, busy) == ADYTON_SGX_BUSY);
static_assert(offsetof(ThreadSlot, ursp) == ADYTON_SGX_URSP && offsetof(ThreadSlot, xfrm) == ADYTON_SGX_XFRM);
static_assert(offsetof(ThreadSlot, ended) == ADYTON_SGX_ENDED && offsetof(ThreadSlot, gpr) == ADYTON_SGX_GPR);
static_assert(offsetof(ThreadSlot, fast_exit) == ADYTON_SGX_FAST_EXIT);
static_assert(offsetof(ThreadSlot, host) == ADYTON_SGX_HOST &&
              offsetof(SgxHostRegisters, flags) == ADYTON_SGX_HOST_FLAGS &&
              offsetof(SgxHostRegisters, extended) == ADYTON_SGX_HOST_EXTENDED &&
              offsetof(SgxHostState, exit) == ADYTON_SGX_HOST_EXIT);
static_assert(offsetof(ThreadSlot, xstate) == ADYTON_SGX_XSTATE);
static_assert(offsetof(GprSgx, rdi) == ADYTON_SGX_RDI && offsetof(GprSgx, r15) == ADYTON_SGX_R15);
static_assert(offsetof(GprSgx, rip) == ADYTON_SGX_RIP && offsetof(GprSgx, fs_base) == ADYTON_SGX_FSBASE);

// This thread's, made at its first entry and given back when it ends. Errors: exhausted (1,024 threads); unavailable,
// with the remedy, where the kernel or processor has not what it takes.
Result<ThreadSlot*> this_thread_slot();

// Whether this code runs on a slot's stack, that is in a signal handler of a thread that may be inside.
bool on_slot_stack();

// What this_thread_slot() needs of the machine. Errors: unavailable, with the remedy.
Result<void> check_fsgsbase();
Result<void> check_syscall_dispatch();

}  // namespace adyton::sgx

// The assembly's names (switch.S), and what it calls and reads.
extern "C" {
struct AdytonSgxInterrupted {
  adyton::sgx::ThreadSlot* slot;
  std::uint64_t fs, gs, selector;  // as they were, and as they will be
};
extern thread_local adyton::sgx::ThreadSlot* adyton_sgx_this_slot;
extern std::uintptr_t adyton_sgx_slots;
extern std::size_t adyton_sgx_slots_bytes;
extern const char adyton_sgx_switch_begin[], adyton_sgx_switch_end[], adyton_sgx_exempt_begin[],
    adyton_sgx_exempt_end[];
void adyton_sgx_enter(adyton::sgx::ThreadSlot* slot);
void adyton_sgx_enter_wild(adyton::sgx::ThreadSlot* slot);
void adyton_sgx_resume(adyton::sgx::ThreadSlot* slot);
void adyton_sgx_after_exception();
void adyton_sgx_fast_exit();
void adyton_sgx_signal_entry();
void adyton_sgx_restorer();
}
