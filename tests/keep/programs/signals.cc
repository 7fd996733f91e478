// SPDX-License-Identifier: Apache-2.0
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <csetjmp>
#include <cstring>
#include <iostream>
#include <thread>

namespace {

volatile int seen = 0;
std::atomic<int> seen_by_other = 0;
sigjmp_buf back;

void note(int signal, siginfo_t*, void*) { seen = signal; }
void note_other(int) { seen_by_other = 1; }
void leap(int signal, siginfo_t*, void*) { siglongjmp(back, signal); }

bool on_alternate = false;
char alternate[65536];
void where(int, siginfo_t*, void*) {
  char here;
  on_alternate = &here >= alternate && &here < alternate + sizeof(alternate);
}

void handle(int signal, void (*handler)(int, siginfo_t*, void*), int flags = 0) {
  struct sigaction action{};
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO | flags;
  sigaction(signal, &action, nullptr);
}

}  // namespace

int main() {
  handle(SIGUSR1, note);
  volatile double kept = 1.5;
  const double before = kept * 2;
  raise(SIGUSR1);
  std::cout << (seen == SIGUSR1) << " " << before << "\n";

  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  seen = 0;
  raise(SIGUSR1);
  std::cout << "blocked " << seen;
  sigprocmask(SIG_UNBLOCK, &set, nullptr);
  std::cout << ", then " << (seen == SIGUSR1) << "\n";

  handle(SIGILL, leap);
  if (const int signal = sigsetjmp(back, 1); signal == 0) {
    __builtin_trap();
  } else {
    std::cout << "leapt out of " << (signal == SIGILL ? "SIGILL" : "?") << "\n";
  }

  stack_t stack{};
  stack.ss_sp = alternate;
  stack.ss_size = sizeof(alternate);
  sigaltstack(&stack, nullptr);
  handle(SIGUSR2, where, SA_ONSTACK);
  raise(SIGUSR2);
  std::cout << "alternate " << on_alternate << "\n";

  signal(SIGTERM, note_other);
  std::thread other([] {
    while (seen_by_other == 0) usleep(1000);
  });
  pthread_kill(other.native_handle(), SIGTERM);
  other.join();
  std::cout << "other " << seen_by_other << std::endl;
  signal(SIGURG, SIG_DFL);
  raise(SIGURG);  // nothing
  return 0;
}
