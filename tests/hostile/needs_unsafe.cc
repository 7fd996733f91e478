// SPDX-License-Identifier: Apache-2.0
// What an honest enclave needs and must get: each check prints its name when it worked, "done" comes at the end.
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <future>
#include <mutex>
#include <random>
#include <stdexcept>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/utsname.h>
#include <unistd.h>

namespace {

volatile std::sig_atomic_t signalled = 0;

void check(const char* name, bool worked) {
  std::printf("%s %s\n", name, worked ? "ok" : "FAILED");
  std::fflush(stdout);
}

bool threads() {
  std::atomic<int> sum = 0;
  std::vector<std::thread> list;
  for (int i = 0; i < 16; ++i) list.emplace_back([&sum, i] { sum += i; });
  for (auto& thread : list) thread.join();
  return sum == 120;
}

bool exceptions() {
  auto future = std::async(std::launch::async, []() -> int { throw std::runtime_error("x"); });
  try {
    future.get();
  } catch (const std::runtime_error&) {
    return true;
  }
  return false;
}

bool conditions() {
  std::mutex mutex;
  std::condition_variable changed;
  bool ready = false;
  std::thread other([&] {
    const std::lock_guard lock(mutex);
    ready = true;
    changed.notify_one();
  });
  std::unique_lock lock(mutex);
  const bool in_time = changed.wait_for(lock, std::chrono::seconds(60), [&] { return ready; });
  lock.unlock();
  other.join();
  return in_time;
}

bool memory() {
  std::vector<std::vector<char>> blocks;
  for (int i = 0; i < 64; ++i) blocks.emplace_back(1 << 20, 'x');
  // SAFETY: a new mapping at an address of the kernel's choice, which nothing touches.
  void* page = ::mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return page != MAP_FAILED && ::mprotect(page, 4096, PROT_NONE) == 0 && ::munmap(page, 8192) == 0;
}

// Works, or the kernel has none.
bool secret_memory() {
  constexpr std::size_t kBytes = 16384;
  // SAFETY: no memory is passed; then a new mapping, of which one byte within its size is written.
  const int file = static_cast<int>(::syscall(SYS_memfd_secret, O_CLOEXEC));
  if (file < 0) return errno == ENOSYS;
  if (::ftruncate(file, kBytes) != 0) return false;
  void* at = ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (at == MAP_FAILED) return false;
  *static_cast<volatile char*>(at) = 1;
  return ::close(file) == 0;
}

bool own_signals() {
  std::signal(SIGUSR1, [](int) { signalled = signalled + 1; });
  std::raise(SIGUSR1);
  ::pthread_kill(::pthread_self(), SIGUSR1);
  return signalled == 2;
}

bool events() {
  const int poll = ::epoll_create1(0), event = ::eventfd(0, 0), timer = ::timerfd_create(CLOCK_MONOTONIC, 0);
  int pipe[2];
  epoll_event wanted{.events = EPOLLIN, .data = {}}, got{};
  return ::pipe(pipe) == 0 && timer >= 0 && ::epoll_ctl(poll, EPOLL_CTL_ADD, event, &wanted) == 0 &&
         ::eventfd_write(event, 1) == 0 && ::epoll_wait(poll, &got, 1, 60000) == 1 && ::dup2(pipe[0], 20) == 20;
}

bool processors() {
  cpu_set_t set;
  return ::sched_getaffinity(0, sizeof set, &set) == 0 && ::sched_setaffinity(0, sizeof set, &set) == 0;
}

bool questions() {
  rlimit limit{};
  utsname names{};
  struct stat info{};
  char random[16];
  return ::getrlimit(RLIMIT_STACK, &limit) == 0 && ::uname(&names) == 0 && ::fstat(1, &info) == 0 &&
         ::getrandom(random, sizeof random, 0) == sizeof random && ::sysconf(_SC_NPROCESSORS_ONLN) > 0;
}

}  // namespace

int main() {
  check("threads", threads());
  check("exceptions", exceptions());
  check("conditions", conditions());
  check("memory", memory());
  check("secret_memory", secret_memory());
  check("own_signals", own_signals());
  check("events", events());
  check("processors", processors());
  check("questions", questions());
  check("name", ::prctl(PR_SET_NAME, "needs") == 0);
  check("random_device", std::random_device()() != std::random_device()());
  std::puts("done");
  return 0;
}
