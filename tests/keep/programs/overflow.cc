// SPDX-License-Identifier: Apache-2.0
// Stacks that overflow fault right below their ends: that of the first thread, one of another, and one that takes a
// stack which an ended thread left. What lies below them stays as it was.
#include <pthread.h>

#include <array>
#include <atomic>
#include <bit>
#include <csetjmp>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <vector>

namespace {

constexpr std::size_t kFrame = 1024;
constexpr int kCrashReport = 0x00100000;  // image/sgx/keep_config.h: the only handlers that hear of what the host says

thread_local sigjmp_buf way_out;
std::atomic<std::uint64_t> fault = 0;

[[gnu::noinline]] int descend(int depth) {
  std::array<volatile char, kFrame> room{};
  room[0] = static_cast<char>(depth);
  return descend(depth + 1) + room[0];
}

void handle(int, siginfo_t* info, void*) {
  fault = std::bit_cast<std::uint64_t>(info->si_addr);
  siglongjmp(way_out, 1);
}

std::uint64_t end_of_this_stack() {
  pthread_attr_t attributes;
  void* lowest = nullptr;
  std::size_t size = 0;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0) return 0;
  pthread_attr_getstack(&attributes, &lowest, &size);
  pthread_attr_destroy(&attributes);
  return std::bit_cast<std::uint64_t>(lowest);
}

const char* overflow() {
  constexpr std::uint64_t kNear = 64 << 10;  // on Linux up to a page above, too: the stack's own last page
  std::vector<char> other(64 << 10);
  const stack_t stack{.ss_sp = other.data(), .ss_flags = 0, .ss_size = other.size()};
  if (sigaltstack(&stack, nullptr) != 0) return "has no other stack";
  fault = 0;
  if (sigsetjmp(way_out, 1) == 0) descend(0);
  const stack_t none{.ss_sp = nullptr, .ss_flags = SS_DISABLE, .ss_size = 0};
  sigaltstack(&none, nullptr);
  const std::uint64_t end = end_of_this_stack();
  return fault >= end - kNear && fault < end + 4096 ? "faults where it ends" : "faults elsewhere";
}

void* overflow_in_thread(void*) {
  std::printf("thread: %s\n", overflow());
  return nullptr;
}

}  // namespace

int main() {
  struct sigaction action{};
  action.sa_sigaction = &handle;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | kCrashReport;
  sigaction(SIGSEGV, &action, nullptr);
  std::vector<unsigned char> below(1 << 20, 0x5a);  // mapped by itself
  std::printf("main: %s\n", overflow());
  for (int round = 0; round < 3; ++round) {
    pthread_t thread;
    if (pthread_create(&thread, nullptr, &overflow_in_thread, nullptr) != 0) return 1;
    pthread_join(thread, nullptr);
  }
  std::printf("main: %s\n", overflow());
  for (const unsigned char byte : below) {
    if (byte != 0x5a) return 2;
  }
  return 0;
}
