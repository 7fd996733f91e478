// SPDX-License-Identifier: Apache-2.0
#include "platform/sgx_emulator/thread_slot.h"

#include <array>
#include <bit>
#include <cerrno>
#include <csignal>
#include <mutex>

#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "platform/sgx_emulator/signals.h"

constinit thread_local adyton::sgx::ThreadSlot* adyton_sgx_this_slot = nullptr;
std::uintptr_t adyton_sgx_slots = 0;
std::size_t adyton_sgx_slots_bytes = 0;

namespace adyton::sgx {
namespace {

// Linux UAPI, linux/prctl.h; not in every C library's headers.
constexpr int kSetSyscallUserDispatch = 59, kDispatchOff = 0, kDispatchOn = 1;
constexpr std::size_t kSlots = 1024, kSlotBytes = ADYTON_SGX_SLOT_BYTES;
constexpr std::size_t kStateBytes = (sizeof(ThreadSlot) + kPageBytes - 1) / kPageBytes * kPageBytes;
constexpr std::size_t kStackBytes = kSlotBytes - kStateBytes - kPageBytes;  // a guard page between state and stack

std::uintptr_t read_fs() {
  std::uintptr_t base;
  // SAFETY: reads a register; only after check_fsgsbase().
  asm volatile("rdfsbase %0" : "=r"(base));
  return base;
}

class Slots {
 public:
  Result<std::byte*> take() {
    const std::scoped_lock lock(mutex_);
    if (memory_ == nullptr) TRY(reserve());
    for (std::size_t i = 0; i < kSlots; ++i) {
      if (used_[i]) continue;
      std::byte* slot = memory_ + i * kSlotBytes;
      if (::mprotect(slot, kStateBytes, PROT_READ | PROT_WRITE) != 0 ||
          ::mprotect(slot + kSlotBytes - kStackBytes, kStackBytes, PROT_READ | PROT_WRITE) != 0) {
        return io_error("a stack for signal handlers: {}", errno_text(errno));
      }
      used_[i] = true;
      return slot;
    }
    return exhausted("more than {} threads have entered emulated SGX enclaves", kSlots);
  }

  void give_back(std::byte* slot) {
    const std::scoped_lock lock(mutex_);
    ::madvise(slot, kSlotBytes, MADV_DONTNEED);
    used_[static_cast<std::size_t>(slot - memory_) / kSlotBytes] = false;
  }

 private:
  Result<void> reserve() {
    const std::size_t bytes = kSlots * kSlotBytes;
    // SAFETY: reserves addresses only; kept until the process ends, since a signal handler may look at any time.
    void* memory = ::mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) return io_error("{} MiB of addresses for threads: {}", bytes >> 20, errno_text(errno));
    memory_ = static_cast<std::byte*>(memory);
    adyton_sgx_slots = std::bit_cast<std::uintptr_t>(memory_);
    adyton_sgx_slots_bytes = bytes;
    return {};
  }

  std::mutex mutex_;
  std::byte* memory_ = nullptr;
  std::array<bool, kSlots> used_{};
};

Slots& slots() {
  // Never destroyed: threads may end after static destructors have run.
  static auto* const all = new Slots;
  return *all;
}

// Undoes on the thread's end what its first entry did.
struct Registration {
  std::byte* slot = nullptr;
  stack_t old_stack{};

  Registration() = default;
  Registration(const Registration&) = delete;
  Registration& operator=(const Registration&) = delete;
  ~Registration() {
    if (slot == nullptr) return;
    if (cpuid_can_fault()) (void)set_cpuid(true);
    ::prctl(kSetSyscallUserDispatch, kDispatchOff, 0, 0, 0);
    ::sigaltstack(&old_stack, nullptr);
    adyton_sgx_this_slot = nullptr;
    slots().give_back(slot);
  }
};
thread_local Registration registration;

}  // namespace

Result<void> check_fsgsbase() {
  constexpr unsigned long kHwcap2FsGsBase = 2;
  if ((::getauxval(AT_HWCAP2) & kHwcap2FsGsBase) != 0) return {};
  return unavailable(
      "emulated SGX sets FS and GS by instructions that this kernel or processor does not have: use Linux 5.9 or "
      "later, "
      "without nofsgsbase, on a processor with FSGSBASE (2012 and later)");
}

Result<void> check_syscall_dispatch() {
  if (adyton_sgx_this_slot != nullptr) return {};
  if (::prctl(kSetSyscallUserDispatch, kDispatchOff, 0, 0, 0) == 0) return {};
  return unavailable("emulated SGX needs Syscall User Dispatch: use Linux 5.11 or later with CONFIG_GENERIC_ENTRY ({})",
                     errno_text(errno));
}

bool on_slot_stack() {
  const auto here = std::bit_cast<std::uintptr_t>(__builtin_frame_address(0));
  return here - adyton_sgx_slots < adyton_sgx_slots_bytes;
}

Result<ThreadSlot*> this_thread_slot() {
  if (adyton_sgx_this_slot != nullptr) return adyton_sgx_this_slot;
  TRY(check_fsgsbase());
  TRY(check_syscall_dispatch());
  TRY(adopt_signal_handlers());
  std::byte* memory = TRY(slots().take());
  auto* slot = new (memory) ThreadSlot{};
  slot->host_fs = read_fs();
  slot->host_thread = ::gettid();
  // SAFETY: stored as a pointer for the assembly to jump to.
  slot->fast_exit = reinterpret_cast<void*>(&adyton_sgx_fast_exit);
  stack_t stack{.ss_sp = memory + kSlotBytes - kStackBytes, .ss_flags = 0, .ss_size = kStackBytes};
  if (::sigaltstack(&stack, &registration.old_stack) != 0) {
    slots().give_back(memory);
    return io_error("a stack for signal handlers: {}", errno_text(errno));
  }
  if (::prctl(kSetSyscallUserDispatch, kDispatchOn, adyton_sgx_exempt_begin,
              adyton_sgx_exempt_end - adyton_sgx_exempt_begin, &slot->selector) != 0) {
    const int error = errno;
    ::sigaltstack(&registration.old_stack, nullptr);
    slots().give_back(memory);
    return unavailable("Syscall User Dispatch: {}", errno_text(error));
  }
  if (cpuid_can_fault()) (void)set_cpuid(false);  // CPUID of this thread's host code is done by the signal handler
  registration.slot = memory;
  adyton_sgx_this_slot = slot;
  return slot;
}

}  // namespace adyton::sgx
