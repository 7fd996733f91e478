// SPDX-License-Identifier: Apache-2.0
#include "platform/sgx_emulator/signals.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <mutex>

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "platform/sgx_emulator/exits.h"
#include "platform/sgx_emulator/illegal.h"

namespace adyton::sgx {
namespace {

// The kernel's own structure: the C library's has the C library's restorer.
struct KernelAction {
  void (*handler)() = nullptr;
  std::uint64_t flags = 0;
  void (*restorer)() = nullptr;
  std::uint64_t mask = 0;
};
constexpr std::uint64_t kRestorer = 0x04000000;
constexpr int kSignals = 64;
constexpr int kInterrupt = 63;  // SIGRTMAX - 1, for SgxEnclave::interrupt()
constexpr std::array kFaults = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS};

std::mutex adoption;
std::array<KernelAction, kSignals + 1> previous;  // what the host had; written before the emulator's is installed

bool action(int signal, const KernelAction* set, KernelAction* old) {
  // SAFETY: the kernel reads and writes the structures, which have its layout and 8 bytes of mask.
  return ::syscall(SYS_rt_sigaction, signal, set, old, sizeof(set->mask)) == 0;
}

bool is_fault(int signal) { return std::ranges::find(kFaults, signal) != kFaults.end(); }

bool is_function(void (*handler)()) { return std::bit_cast<std::uintptr_t>(handler) > 1; }  // SIG_DFL 0, SIG_IGN 1

// The emulator's handlers run with every signal blocked but faults (CPUID of the handler itself is one): another in the
// midst of an exit or a resumption would find a thread that is neither inside nor outside. The host's own run with what
// they asked for.
class HostsMask {
 public:
  HostsMask(int signal, const KernelAction& host, const ucontext_t& context) {
    std::uint64_t mask = 0;
    std::memcpy(&mask, &context.uc_sigmask, sizeof(mask));
    const std::uint64_t own = (host.flags & SA_NODEFER) != 0 ? 0 : std::uint64_t{1} << (signal - 1);
    set(mask | host.mask | own);
  }
  HostsMask(const HostsMask&) = delete;
  HostsMask& operator=(const HostsMask&) = delete;
  ~HostsMask() { set(kAll); }
  static constexpr std::uint64_t kAll = [] {
    std::uint64_t all = ~std::uint64_t{0};
    for (const int fault : kFaults) all &= ~(std::uint64_t{1} << (fault - 1));
    return all;
  }();

 private:
  static void set(std::uint64_t mask) {
    // SAFETY: the kernel reads 8 bytes.
    ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, nullptr, sizeof(mask));
  }
};

// What the host would have had of it.
void deliver_to_host(int signal, siginfo_t* info, ucontext_t* context) {
  const KernelAction& host = previous[static_cast<std::size_t>(signal)];
  if (signal == kInterrupt && !is_function(host.handler)) return;
  const HostsMask mask(signal, host, *context);
  if (is_function(host.handler)) {
    if ((host.flags & SA_SIGINFO) != 0) {
      // SAFETY: SA_SIGINFO says that the handler takes these arguments.
      reinterpret_cast<void (*)(int, siginfo_t*, void*)>(host.handler)(signal, info, context);
    } else {
      // SAFETY: without it, this one.
      reinterpret_cast<void (*)(int)>(host.handler)(signal);
    }
    return;
  }
  const bool by_kernel = info->si_code > 0;
  if (std::bit_cast<std::uintptr_t>(host.handler) == 1 && !by_kernel) return;  // ignored
  // The default: the faulting instruction, or the signal sent again, ends the process as if nobody had looked.
  const KernelAction none;
  action(signal, &none, nullptr);
  if (!by_kernel) ::raise(signal);
}

// What the kernel says about a fault of code inside.
Exception exception_of(int signal, const siginfo_t& info, ucontext_t& context, const EmulatedEnclave& enclave) {
  auto& registers = context.uc_mcontext.gregs;
  const auto rip = [&] { return static_cast<std::uint64_t>(registers[REG_RIP]); };
  // Code outside the range of an enclave cannot be executed inside.
  const bool outside = !enclave.memory().contains(rip()) && !enclave.memory().in_redirection(rip());
  if (outside) return {.vector = kGeneralProtection};
  constexpr int kUserDispatch = 2;
  if (signal == SIGSYS && info.si_code == kUserDispatch) {
    registers[REG_RIP] -= 2;  // SYSCALL, SYSENTER and INT 80h have two bytes
    return {.vector = kInvalidOpcode};
  }
  Exception out{.vector = static_cast<std::uint16_t>(registers[REG_TRAPNO]),
                .error_code = static_cast<std::uint16_t>(registers[REG_ERR])};
  if (out.vector == kPageFault) out.address = static_cast<std::uint64_t>(registers[REG_CR2]);
  if (out.vector == kBreakpoint) registers[REG_RIP] -= 1;  // a fault inside enclaves, not a trap
  if (out.vector == kGeneralProtection && illegal_in_enclave(enclave, rip())) return {.vector = kInvalidOpcode};
  return out;
}

bool in_switch(std::uint64_t rip) {
  return rip >= std::bit_cast<std::uint64_t>(&adyton_sgx_switch_begin[0]) &&
         rip < std::bit_cast<std::uint64_t>(&adyton_sgx_switch_end[0]);
}

// Arrived while the thread was inside: by itself, or by what the enclave did.
void signal_inside(int signal, siginfo_t* info, ucontext_t& context, AdytonSgxInterrupted& interrupted) {
  EmulatedEnclave& enclave = *interrupted.slot->enclave;
  auto& rip = context.uc_mcontext.gregs[REG_RIP];
  if (is_fault(signal) && info->si_code > 0) {
    std::optional<Exception> exception;
    if (signal == SIGILL && is_enclu(enclave, static_cast<std::uint64_t>(rip))) {
      exception = execute_enclu(interrupted, context);
      if (!exception) return;
      rip = static_cast<greg_t>(enclave.memory().original(static_cast<std::uint64_t>(rip)));
    } else {
      exception = exception_of(signal, *info, context, enclave);
    }
    leave_asynchronously(interrupted, context, exception);
    return_exception(interrupted, context, *exception);
    return;
  }
  const bool tsc = enclave.options().rdtsc_faults;
  leave_asynchronously(interrupted, context, std::nullopt);
  if (tsc) (void)set_tsc(true);
  deliver_to_host(signal, info, &context);
  if (tsc) (void)set_tsc(false);
  if (interrupted.slot->thread->interrupt.exchange(false)) return return_interrupted(interrupted, context);
  // At the AEP is an ENCLU: a handler of the host's may have changed which.
  if (const auto leaf = static_cast<std::uint32_t>(context.uc_mcontext.gregs[REG_RAX]); Leaf{leaf} != Leaf::kEresume) {
    return_exception(interrupted, context, {.vector = kGeneralProtection});
    interrupted.slot->end.function = SgxLeaf{leaf};
    return;
  }
  if (resume_into(interrupted, context)) return;
  return_exception(interrupted, context, {.vector = kGeneralProtection});
}

}  // namespace

extern "C" void adyton_sgx_on_signal(int signal, siginfo_t* info, void* raw, AdytonSgxInterrupted* interrupted) {
  const int error = errno;
  auto& context = *static_cast<ucontext_t*>(raw);
  const auto rip = static_cast<std::uint64_t>(context.uc_mcontext.gregs[REG_RIP]);
  const ThreadSlot* slot = interrupted != nullptr ? interrupted->slot : nullptr;
  if (slot == nullptr || slot->inside == 0 || in_switch(rip) ||
      (slot->enclave->memory().in_redirection(rip) && signal != SIGILL)) {
    if (!(signal == SIGSEGV && cpuid_can_fault() && emulate_cpuid(context))) deliver_to_host(signal, info, &context);
  } else {
    signal_inside(signal, info, context, *interrupted);
  }
  errno = error;
}

Result<void> adopt_signal_handlers() {
  const std::scoped_lock lock(adoption);
  for (int signal = 1; signal <= kSignals; ++signal) {
    KernelAction found;
    if (signal == SIGKILL || signal == SIGSTOP || !action(signal, nullptr, &found)) continue;
    const bool wanted = is_fault(signal) || signal == kInterrupt || is_function(found.handler);
    if (found.handler == &adyton_sgx_signal_entry || !wanted) continue;
    previous[static_cast<std::size_t>(signal)] = found;
    const KernelAction ours{.handler = &adyton_sgx_signal_entry,
                            .flags = (signal == kInterrupt ? SA_RESTART : 0) |
                                     (found.flags & (SA_RESTART | SA_NODEFER | SA_NOCLDSTOP | SA_NOCLDWAIT)) |
                                     SA_SIGINFO | SA_ONSTACK | kRestorer,
                            .restorer = &adyton_sgx_restorer,
                            .mask = HostsMask::kAll};
    if (!action(signal, &ours, nullptr)) return io_error("the handler of signal {}: {}", signal, errno_text(errno));
  }
  return {};
}

void send_interrupt(int host_thread) {
  // SAFETY: no memory is passed. A thread that has ended meanwhile is not found, another finds nothing to do.
  if (host_thread != 0) ::syscall(SYS_tgkill, ::getpid(), host_thread, kInterrupt);
}

Result<void> set_tsc(bool allowed) {
  if (::prctl(PR_SET_TSC, allowed ? PR_TSC_ENABLE : PR_TSC_SIGSEGV) == 0) return {};
  return unavailable("RDTSC cannot be refused on this machine ({}): do without `rdtsc_faults`", errno_text(errno));
}

Result<void> set_cpuid(bool allowed) {
  constexpr int kArchSetCpuid = 0x1012;
  // SAFETY: no memory is passed.
  if (::syscall(SYS_arch_prctl, kArchSetCpuid, allowed ? 1 : 0) == 0) return {};
  return unavailable("CPUID cannot be refused on this processor: {}", errno_text(errno));
}

}  // namespace adyton::sgx
