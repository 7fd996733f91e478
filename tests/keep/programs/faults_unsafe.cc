// SPDX-License-Identifier: Apache-2.0
// What handlers of the processor's faults are told.
#include <signal.h>
#include <ucontext.h>

#include <cfenv>
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
  // Floating-point exceptions, which nothing but si_code tells apart.
  volatile double none = 0, one = 1, large = 1e300, small = 1e-300, tenth = 0.1, result = 0;
  volatile long double none_x87 = 0, one_x87 = 1, result_x87 = 0;
  const auto trapped = [](int exceptions, auto&& operation) {
    if (sigsetjmp(back, 1) == 0) {
      std::feclearexcept(FE_ALL_EXCEPT);
      feenableexcept(exceptions);
      operation();
      std::cout << "no exception\n";
    }
    fedisableexcept(FE_ALL_EXCEPT);
  };
  trapped(FE_DIVBYZERO, [&] { result = one / none; });
  trapped(FE_INVALID, [&] { result = none / none; });
  trapped(FE_OVERFLOW, [&] { result = large * large; });
  trapped(FE_UNDERFLOW, [&] { result = small * small; });
  trapped(FE_INEXACT, [&] { result = one / tenth; });
  trapped(FE_INVALID, [&] { result = one / none; });
  trapped(FE_DIVBYZERO, [&] {
    result_x87 = one_x87 / none_x87;
    result_x87 = result_x87 + one_x87;  // which waits for it
  });
  trapped(FE_INVALID, [&] {
    result_x87 = none_x87 / none_x87;
    result_x87 = result_x87 + one_x87;
  });
  std::cout << std::flush;
  return 0;
}
