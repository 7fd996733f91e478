// SPDX-License-Identifier: Apache-2.0
// What handlers of the processor's faults are told.
#include <signal.h>
#include <ucontext.h>

#include <csetjmp>
#include <cstdint>
#include <iostream>

namespace {

sigjmp_buf back;

void tell_code(int signal, siginfo_t* information, void* context) {
  const auto* registers = static_cast<const ucontext_t*>(context)->uc_mcontext.gregs;
  const auto selectors = static_cast<std::uint64_t>(registers[REG_CSGSFS]);
  std::cout << "signal " << signal << ", code " << information->si_code << ", address "
            << (information->si_addr != nullptr) << ", selectors " << (selectors & 0xffff) << " " << (selectors >> 48)
            << "\n";
  siglongjmp(back, 1);
}

}  // namespace

int main() {
  struct sigaction action{};
  action.sa_sigaction = tell_code;
  action.sa_flags = SA_SIGINFO;
  for (const int signal : {SIGILL, SIGTRAP, SIGFPE}) sigaction(signal, &action, nullptr);
  volatile int zero = 0;
  if (sigsetjmp(back, 1) == 0) __builtin_trap();
  // SAFETY: a breakpoint, which the handler for it leaps out of.
  if (sigsetjmp(back, 1) == 0) asm volatile("int3");
  if (sigsetjmp(back, 1) == 0) std::cout << 7 / zero;
  std::cout << std::flush;
  return 0;
}
