// SPDX-License-Identifier: Apache-2.0
#include "bench/round_trips.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <new>

#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace adyton::bench {
namespace {

struct Words {
  alignas(128) std::atomic<std::uint32_t> there;
  alignas(128) std::atomic<std::uint32_t> back;
};

void run_on(int processor) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(processor, &set);
  ::sched_setaffinity(0, sizeof set, &set);
}

// A child that runs `answer` until it is killed, and where this thread was allowed to run before.
class Child {
 public:
  explicit Child(const std::function<void()>& answer) {
    ::sched_getaffinity(0, sizeof before_, &before_);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      answer();
      ::_exit(0);
    }
  }
  ~Child() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    ::sched_setaffinity(0, sizeof before_, &before_);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

 private:
  cpu_set_t before_;
  pid_t pid_;
};

Words* shared_words() {
  // SAFETY: fresh zeroed shared memory, larger than Words; never unmapped before the process ends.
  void* at = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  return new (at) Words();
}

void sleep_while(std::atomic<std::uint32_t>& word, std::uint32_t value) {
  // SAFETY: the kernel only reads the word.
  while (word.load() == value) ::syscall(SYS_futex, &word, FUTEX_WAIT, value, nullptr, nullptr, 0);
}

void wake(std::atomic<std::uint32_t>& word) {
  // SAFETY: the kernel only uses the address.
  ::syscall(SYS_futex, &word, FUTEX_WAKE, 1, nullptr, nullptr, 0);
}

class Spinning : public RoundTrip {
 public:
  Spinning()
      : child_([this] {
          run_on(1);
          for (std::uint32_t i = 0;; ++i) {
            while (words_->there.load(std::memory_order_acquire) == i) __builtin_ia32_pause();
            words_->back.store(i + 1, std::memory_order_release);
          }
        }) {
    run_on(0);
  }
  void go() override {
    words_->there.store(++n_, std::memory_order_release);
    while (words_->back.load(std::memory_order_acquire) != n_) __builtin_ia32_pause();
  }

 private:
  Words* words_ = shared_words();
  std::uint32_t n_ = 0;
  Child child_;
};

class FutexOneCore : public RoundTrip {
 public:
  FutexOneCore()
      : child_([this] {
          run_on(0);
          for (std::uint32_t i = 0;; ++i) {
            sleep_while(words_->there, i);
            words_->back.store(i + 1);
            wake(words_->back);
          }
        }) {
    run_on(0);
  }
  void go() override {
    words_->there.store(n_ + 1);
    wake(words_->there);
    sleep_while(words_->back, n_);
    ++n_;
  }

 private:
  Words* words_ = shared_words();
  std::uint32_t n_ = 0;
  Child child_;
};

class UnixSocket : public RoundTrip {
 public:
  UnixSocket()
      : made_(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends_)), child_([this] {
          run_on(0);
          char byte = 0;
          while (::read(ends_[1], &byte, 1) == 1 && ::write(ends_[1], &byte, 1) == 1) {
          }
        }) {
    run_on(0);
  }
  ~UnixSocket() override {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }
  void go() override {
    char byte = 0;
    if (::write(ends_[0], &byte, 1) != 1 || ::read(ends_[0], &byte, 1) != 1) ::abort();
  }

 private:
  int ends_[2] = {-1, -1};
  int made_;
  Child child_;
};

}  // namespace

std::unique_ptr<RoundTrip> spinning() { return std::make_unique<Spinning>(); }
std::unique_ptr<RoundTrip> futex_one_core() { return std::make_unique<FutexOneCore>(); }
std::unique_ptr<RoundTrip> unix_socket() { return std::make_unique<UnixSocket>(); }

}  // namespace adyton::bench
