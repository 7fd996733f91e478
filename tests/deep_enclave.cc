// SPDX-License-Identifier: Apache-2.0
// Ends in the way that its first argument names, three calls deep, for what a debug image says of itself.
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string_view>
#include <thread>

#include <fcntl.h>
#include <unistd.h>

#include <adyton/enclave.h>

namespace deep {

// Written to, so that no call is a tail call and nothing is known when this is compiled.
volatile int sink = 0;
int* volatile nowhere = nullptr;
void (*volatile no_function)() = nullptr;
volatile int zero = 0;

[[gnu::noinline]] int descend(int depth) {
  std::array<volatile char, 4096> room{};
  room[0] = static_cast<char>(depth);
  const int deeper = descend(depth + 1);
  return deeper + room[0];
}

[[gnu::noinline]] void innermost(std::string_view how) {
  if (how == "segv") *nowhere = 1;
  if (how == "fpe") sink = 1000 / zero;
  if (how == "ill") __builtin_trap();
  if (how == "abort") std::abort();
  if (how == "throw") throw std::runtime_error("nobody catches this");
  if (how == "jump") no_function();
  if (how == "raise") std::raise(SIGBUS);
  if (how == "overflow") sink = descend(0);
  sink = sink + 1;
}

[[gnu::noinline]] void middle(std::string_view how) {
  innermost(how);
  sink = sink + 1;
}

[[gnu::noinline]] void outermost(std::string_view how) {
  middle(how);
  sink = sink + 1;
}

// What a trace shows.
void calls() {
  const int file = ::open("/tmp/not there", O_RDONLY | O_CLOEXEC);
  sink = file;
  std::fputs("a line\n", stdout);
  std::fflush(stdout);
  sink = static_cast<int>(::getpid());
}

}  // namespace deep

int main(int count, char** arguments) {
  const std::string_view how = count > 1 ? arguments[1] : "";
  if (how == "own") {
    std::signal(SIGSEGV, [](int) { std::_Exit(9); });
    deep::outermost("segv");
  }
  if (how == "own fpe") {
    std::signal(SIGFPE, [](int) { std::_Exit(9); });
    deep::outermost("fpe");
  }
  if (how == "calls") {
    deep::calls();
    return 0;
  }
  if (how == "thread") {
    std::thread([] { deep::outermost("segv"); }).join();
  } else {
    deep::outermost(how);
  }
  std::puts("to the end");
  return 4;
}
