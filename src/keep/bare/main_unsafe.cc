// SPDX-License-Identifier: Apache-2.0
// What entry.S calls, and the enclave's version of the seam in host_interface.h.
#include "keep/bare/offsets.h"
#include "keep/exception.h"
#include "keep/host_interface.h"

namespace adyton::keep {
namespace {

constinit Kernel the_kernel;

constexpr std::uint64_t offset(std::size_t of) { return offsetof(KeepThread, keep) + of; }
static_assert(offsetof(KeepThread, stack_top) == KEEP_CONFIG_STACK_TOP &&
              offsetof(KeepThread, ssa_offset) == KEEP_CONFIG_SSA);
static_assert(offset(offsetof(ThreadState, phase)) == KEEP_PHASE &&
              offset(offsetof(ThreadState, in_exception)) == KEEP_IN_EXCEPTION &&
              offset(offsetof(ThreadState, frame)) == KEEP_FRAME &&
              offset(offsetof(ThreadState, host_return)) == KEEP_HOST_RETURN &&
              offset(offsetof(ThreadState, exception_return)) == KEEP_EXCEPTION_RETURN &&
              offset(offsetof(ThreadState, keep_rsp)) == KEEP_KEEP_RSP &&
              offset(offsetof(ThreadState, keep_rbp)) == KEEP_KEEP_RBP &&
              offset(offsetof(ThreadState, fs_base)) == KEEP_FS_BASE &&
              offset(offsetof(ThreadState, stack_top)) == KEEP_STACK_TOP &&
              offset(offsetof(ThreadState, exception_stack_top)) == KEEP_EXCEPTION_STACK_TOP &&
              offset(offsetof(ThreadState, trap)) == KEEP_TRAP &&
              offset(offsetof(ThreadState, attention)) == KEEP_ATTENTION &&
              static_cast<int>(Trap::kCpuid) == KEEP_TRAP_CPUID &&
              static_cast<int>(Trap::kInterrupt) == KEEP_TRAP_INTERRUPT);
static_assert(offsetof(Frame, rsp) == KEEP_RSP - KEEP_FRAME && offsetof(Frame, r15) == KEEP_R15 - KEEP_FRAME &&
              offsetof(Frame, rip) == KEEP_RIP - KEEP_FRAME && offsetof(Frame, flags) == KEEP_FLAGS - KEEP_FRAME);
static_assert(KEEP_STACK_BYTES == kKeepStackPages * kPage &&
              KEEP_EXCEPTION_STACK_BYTES == kExceptionStackPages * kPage &&
              KEEP_SSA_FRAME_BYTES == kSsaFramePages * kPage);

}  // namespace

extern "C" {
[[gnu::visibility("hidden")]] extern const char keep_base[];
[[gnu::visibility("hidden")]] void keep_ask(RawAnswer*, std::uint64_t, std::uint64_t, std::uint64_t, std::uint64_t);
[[noreturn, gnu::visibility("hidden")]] void keep_leave(std::uint64_t, std::uint64_t, std::uint64_t);
[[noreturn, gnu::visibility("hidden")]] void keep_go_on();
}

namespace {

KeepThread& own_page() {
  std::uint64_t self = 0;
  // SAFETY: GS is the TCS's OGSBASE: KeepThread, whose second word is self_offset, measured.
  asm("mov %%gs:8, %0" : "=r"(self));
  return *at<KeepThread>(address_of(keep_base) + self);
}

[[noreturn]] void fail(KeepFailure why) {
  __atomic_store_n(&the_kernel.ended, 1, __ATOMIC_SEQ_CST);
  current_thread().set_phase(ThreadPhase::kEnded);
  keep_leave(static_cast<std::uint64_t>(KeepExit::kFailed), static_cast<std::uint64_t>(why), 0);
}

// Leaves the thread as it was found.
[[noreturn]] void refuse(KeepRefusal why) {
  keep_leave(static_cast<std::uint64_t>(KeepExit::kRefused), static_cast<std::uint64_t>(why), 0);
}

void check_before_going_on(ThreadState& thread) {
  if (*at<std::uint64_t>(thread.stack_bottom) != kStackMark) fail(KeepFailure::kStack);
  if (__atomic_load_n(&the_kernel.ended, __ATOMIC_RELAXED) != 0) {  // by another thread
    thread.set_phase(ThreadPhase::kEnded);
    leave(KeepExit::kThreadEnded, 0, 0);
  }
}

}  // namespace

RawAnswer ask_host(KeepRequest request, std::uint64_t a, std::uint64_t b, std::uint64_t c) {
  RawAnswer answer;
  ++current_thread().requests;
  keep_ask(&answer, static_cast<std::uint64_t>(request), a, b, c);
  // SAFETY: a fence: what the host chose is not to steer what is read ahead of the checks.
  asm volatile("lfence" : : : "memory");
  return answer;
}

void let_others_run() {
  // A request keeps the application's registers on this stack. Where a call has left no room for them, it waits here.
  constexpr std::uint64_t kRoom = KEEP_XSTATE_BYTES + 1024;
  if (address_of(__builtin_frame_address(0)) - current_thread().stack_bottom >= kRoom) ask_host(KeepRequest::kYield);
}

ThreadState& current_thread() {
  // SAFETY: ThreadState is what KeepThread::keep is for; it is zero when the enclave begins.
  return *reinterpret_cast<ThreadState*>(own_page().keep);
}

void leave(KeepExit exit, std::uint64_t a, std::uint64_t b) { keep_leave(static_cast<std::uint64_t>(exit), a, b); }

void set_fs_base(std::uint64_t address) {
  // SAFETY: FS is the application's; the keep kernel does not use it. The caller has checked that it is canonical.
  asm volatile("wrfsbase %0" : : "r"(address));
}

std::uint64_t fs_base() {
  std::uint64_t address = 0;
  // SAFETY: reads a register.
  asm volatile("rdfsbase %0" : "=r"(address));
  return address;
}

extern "C" {

[[gnu::visibility("hidden")]] void keep_start(std::uint64_t host_page, std::uint64_t string_bytes,
                                              std::uint64_t argument_count, std::uint64_t environment_count) {
  KeepThread& page = own_page();
  ThreadState& thread = current_thread();
  const std::uint64_t base = address_of(keep_base);
  const std::uint64_t enclave_bytes = at<const KeepConfig>(base + page.config_offset)->enclave_bytes;
  if (__atomic_load_n(&the_kernel.ended, __ATOMIC_ACQUIRE) != 0) refuse(KeepRefusal::kEnded);
  if (host_page % 8 != 0 || !wholly_outside(host_page, sizeof(HostPage), base, enclave_bytes)) {
    refuse(KeepRefusal::kBadPage);
  }
  const bool first = page.index == 0 && __atomic_exchange_n(&the_kernel.started, 1, __ATOMIC_ACQ_REL) == 0;
  if (!thread.change_phase(first ? ThreadPhase::kIdle : ThreadPhase::kWanted, ThreadPhase::kRunning)) {
    refuse(KeepRefusal::kNotWanted);
  }
  thread.host_page = host_page;
  thread.stack_top = base + page.stack_top;
  thread.stack_bottom = thread.stack_top - KEEP_STACK_BYTES;
  thread.exception_stack_top = thread.stack_bottom - kPage;
  *at<std::uint64_t>(thread.stack_bottom) = kStackMark;
  if (first) {
    if (!prepare(the_kernel, base, page)) fail(KeepFailure::kConfig);
    the_kernel.threads.reserve();
    if (const std::uint64_t failure =
            start_application(the_kernel, thread, string_bytes, argument_count, environment_count);
        failure != 0) {
      fail(static_cast<KeepFailure>(failure));
    }
    thread.fs_base = 0;
  }
  set_fs_base(thread.fs_base);
  keep_go_on();
}

[[gnu::visibility("hidden")]] void keep_answer_syscall() {
  ThreadState& thread = current_thread();
  answer_syscall(the_kernel, thread);
  check_before_going_on(thread);
}

[[gnu::visibility("hidden")]] void keep_trapped() {
  ThreadState& thread = current_thread();
  answer_trap(the_kernel, thread);
  check_before_going_on(thread);
}

[[gnu::visibility("hidden")]] ExceptionEnd keep_exception(GprSgx* saved, std::uint64_t host_says,
                                                          std::uint64_t told_address) {
  ThreadState& thread = current_thread();
  KeepEntries entries{};
  // SAFETY: addresses of entry.S, reckoned from here: as constants they could end up in data, and want relocating.
  asm("lea keep_syscall(%%rip), %0; lea keep_trap(%%rip), %1; lea keep_go_on(%%rip), %2; lea keep_gone(%%rip), %3"
      : "=r"(entries.syscall), "=r"(entries.trap), "=r"(entries.go_on), "=r"(entries.gone));
  const bool interrupt = host_says == static_cast<std::uint64_t>(KeepEntry::kInterrupt);
  const ExceptionEnd end =
      handle_exception(the_kernel, thread, *saved, *at<const ExInfo>(address_of(saved) - sizeof(ExInfo)), entries,
                       interrupt, told_address);
  if (end.exit == KeepExit::kFailed) {
    __atomic_store_n(&the_kernel.ended, 1, __ATOMIC_SEQ_CST);
    thread.set_phase(ThreadPhase::kEnded);
  }
  return end;
}

}  // extern "C"

}  // namespace adyton::keep
