// SPDX-License-Identifier: Apache-2.0
// Handlers on alternate stacks: what they are told and may do, and that nothing below such a stack is ever written to.
// With the argument "overrun" handlers nest until their frames do not fit any more, which ends the program.
#include <signal.h>
#include <sys/auxv.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iostream>
#include <string_view>
#include <vector>

namespace {

constexpr int kLeastSize = 51;     // AT_MINSIGSTKSZ
constexpr int kDisarms = 1 << 31;  // SS_AUTODISARM
constexpr std::size_t kBelow = 64 * 1024;

volatile int depth = 0;
char* begin = nullptr;
std::size_t size = 0;

bool on_stack() {
  const char here = 0;
  return &here >= begin && &here < begin + size;
}

void note(int, siginfo_t*, void*) { depth = on_stack() ? 1 : -1; }

void nest(int signal, siginfo_t*, void*) {
  depth = depth + 1;
  raise(signal);
}

void tell_and_end(int) {
  (void)!write(1, "told\n", 5);
  _exit(3);
}

void handle(int signal, void (*handler)(int, siginfo_t*, void*), int flags) {
  struct sigaction action{};
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO | flags;
  sigaction(signal, &action, nullptr);
}

bool untouched(const std::vector<char>& memory) {
  return std::all_of(memory.begin(), memory.begin() + kBelow, [](char byte) { return byte == 0x55; });
}

int set(char* address, std::size_t bytes, int flags = 0) {
  begin = address;
  size = bytes;
  stack_t stack{};
  stack.ss_sp = address;
  stack.ss_size = bytes;
  stack.ss_flags = flags;
  return sigaltstack(&stack, nullptr) == 0 ? 0 : errno;
}

void tell() {
  stack_t now{};
  sigaltstack(nullptr, &now);
  std::cout << (now.ss_flags & SS_ONSTACK) << (now.ss_flags & SS_DISABLE) << ((now.ss_flags & kDisarms) != 0) << " "
            << now.ss_size;
}

// A handler that looks at the stack it is on, and tries to have another.
void look(int, siginfo_t*, void* context) {
  const stack_t& interrupted = static_cast<const ucontext_t*>(context)->uc_stack;
  std::cout << "in a handler " << on_stack() << " ";
  tell();
  std::cout << ", before it " << (interrupted.ss_flags & ~kDisarms) << " " << interrupted.ss_size;
  if ((interrupted.ss_flags & kDisarms) != 0) {
    std::cout << ", and disarmed\n";
    return;
  }
  stack_t other{};
  other.ss_sp = begin;
  other.ss_size = size + 16;
  std::cout << ", another " << (sigaltstack(&other, nullptr) == 0 ? 0 : errno);
  other = {};
  other.ss_flags = SS_DISABLE;
  std::cout << ", none " << (sigaltstack(&other, nullptr) == 0 ? 0 : errno) << "\n";
}

void in_use(char* stack) {
  handle(SIGUSR2, look, SA_ONSTACK);
  for (const int flags : {0, int{SS_ONSTACK}, kDisarms}) {
    std::cout << set(stack, 65536 - 64, flags) << " ";
    tell();
    std::cout << "\n";
    raise(SIGUSR2);
    tell();
    std::cout << "\n";
  }
  std::cout << set(stack, 65536 - 64, 16) << set(stack, 65536 - 64, SS_DISABLE) << " ";
  tell();
  std::cout << "\n";
}

}  // namespace

int main(int count, char** arguments) {
  std::vector<char> memory(kBelow + 64 * 1024, 0x55);
  char* const stack = memory.data() + kBelow;
  const std::size_t least = getauxval(kLeastSize);
  if (count > 1 && std::string_view(arguments[1]) == "overrun") {
    set(stack, least + 4096);
    handle(SIGUSR1, nest, SA_ONSTACK | SA_NODEFER);
    // Its frame does not fit there either; on the stack of the beginning it would.
    if (count > 2) signal(SIGSEGV, tell_and_end);
    raise(SIGUSR1);
    return 1;
  }

  std::cout << "frame " << (least >= 1024) << (least < 16384) << " "
            << (sysconf(_SC_MINSIGSTKSZ) >= static_cast<long>(least)) << "\n";
  std::cout << "too small " << (set(stack, 2047) == ENOMEM) << (set(stack, 0) == ENOMEM) << "\n";
  // The handler's own work takes some bytes, too.
  for (const std::size_t bytes : {least + 1024, least + 1025, least + 4096}) {
    depth = 0;
    std::cout << set(stack, bytes);
    handle(SIGUSR1, note, SA_ONSTACK);
    raise(SIGUSR1);
    std::cout << " on it " << depth << ", below it " << (untouched(memory) ? "nothing" : "something") << "\n";
  }
  in_use(stack);
  std::cout << std::flush;
  return 0;
}
