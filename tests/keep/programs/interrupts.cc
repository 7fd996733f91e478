// SPDX-License-Identifier: Apache-2.0
// Signals to threads that compute, that sleep, that wait for signals; timers; system calls that go on after a handler.
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <iostream>
#include <thread>

namespace {

std::atomic<int> seen = 0;
std::atomic<bool> computing = false;
siginfo_t last;

void note(int signal, siginfo_t* information, void*) {
  last = *information;
  volatile long double sum = 0;  // uses registers that the interrupted code uses too
  for (int index = 1; index < 20; ++index) sum = sum + 1.0L / index;
  seen = signal;
}

void handle(int signal, int flags = 0) {
  struct sigaction action{};
  action.sa_sigaction = note;
  action.sa_flags = SA_SIGINFO | flags;
  sigaction(signal, &action, nullptr);
}

// Long doubles and doubles whose value depends on every register's being what it was. Requires that `seen` was 0 before
// the signal was under way.
double compute_until_seen() {
  long double sum = 0;
  double other = 1;
  unsigned long rounds = 0;
  computing = true;
  while (seen == 0) {
    sum += 1.0L;
    other *= 1.0;
    ++rounds;
  }
  computing = false;
  return sum == static_cast<long double>(rounds) && other == 1 ? 1 : 0;
}

void signal_until(const std::atomic<bool>& done, pthread_t thread, int signal) {
  while (!done) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    if (!done) pthread_kill(thread, signal);
  }
}

// A timer whose signal is blocked for many of its intervals, and a signal of another kind meanwhile.
void overrun() {
  const int signal = SIGRTMIN + 3;
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, signal);
  sigaddset(&blocked, SIGRTMIN + 4);
  sigprocmask(SIG_BLOCK, &blocked, nullptr);
  sigevent event{};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = signal;
  timer_t id{};
  timer_create(CLOCK_MONOTONIC, &event, &id);
  const itimerspec setting{.it_interval = {0, 50'000}, .it_value = {0, 50'000}};
  timer_settime(id, 0, &setting, nullptr);
  const auto before = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - before < std::chrono::milliseconds(20)) {
  }
  std::cout << "room for another " << sigqueue(getpid(), SIGRTMIN + 4, {.sival_int = 5});
  const timespec none{};
  siginfo_t information{};
  std::cout << ", one " << (sigtimedwait(&blocked, &information, &none) == signal);
  const int missed = information.si_overrun;
  std::cout << ", missed many " << (missed > 200) << (timer_getoverrun(id) == missed);
  timer_delete(id);
  std::cout << ", other " << (sigtimedwait(&blocked, &information, &none) == SIGRTMIN + 4) << "\n";
  sigprocmask(SIG_UNBLOCK, &blocked, nullptr);
}

// Alarms of which each has to be told, wherever the one before has found the thread.
void many_alarms() {
  handle(SIGALRM);
  const itimerval often{.it_interval = {0, 1000}, .it_value = {0, 1000}}, none{};
  setitimer(ITIMER_REAL, &often, nullptr);
  double right = 1;
  for (int round = 0; round < 100; ++round) {
    seen = 0;
    right *= compute_until_seen();
  }
  setitimer(ITIMER_REAL, &none, nullptr);
  std::cout << "many alarms " << right << "\n";
}

}  // namespace

int main() {
  handle(SIGUSR1);
  for (int round = 0; round < 20; ++round) {
    double right = 0;
    seen = 0;
    std::thread worker([&] { right = compute_until_seen(); });
    while (!computing) std::this_thread::yield();
    pthread_kill(worker.native_handle(), SIGUSR1);
    worker.join();
    if (round % 10 == 0)
      std::cout << "interrupted " << right << " " << last.si_code << (last.si_pid == getpid()) << "\n";
  }

  handle(SIGALRM);
  seen = 0;
  itimerval timer{.it_interval = {}, .it_value = {0, 5000}};
  setitimer(ITIMER_REAL, &timer, nullptr);
  std::cout << "computed until an alarm " << compute_until_seen() << "\n";
  std::cout << alarm(100) << " then " << alarm(0) << "\n";

  timer_t id{};
  sigevent event{};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGRTMIN + 1;
  event.sigev_value.sival_int = 77;
  handle(SIGRTMIN + 1);
  std::cout << timer_create(CLOCK_MONOTONIC, &event, &id);
  const itimerspec soon{.it_interval = {0, 2'000'000}, .it_value = {0, 2'000'000}};
  std::cout << timer_settime(id, 0, &soon, nullptr);
  for (int round = 0; round < 3; ++round) {
    seen = 0;  // it comes again and again
    std::cout << compute_until_seen();
  }
  std::cout << " " << last.si_value.sival_int << (last.si_code == SI_TIMER) << timer_delete(id) << "\n";

  overrun();
  many_alarms();
  sigset_t set, empty;
  sigemptyset(&empty);
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigaddset(&set, SIGRTMIN + 2);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  for (int value = 1; value <= 3; ++value) sigqueue(getpid(), SIGRTMIN + 2, {.sival_int = value});
  raise(SIGUSR1);
  raise(SIGUSR1);
  sigset_t pending;
  sigpending(&pending);
  std::cout << "pending " << sigismember(&pending, SIGUSR1) << sigismember(&pending, SIGUSR2) << "\n";
  siginfo_t information{};
  const timespec none{};
  for (int round = 0; round < 5; ++round) {
    const int signal = sigtimedwait(&set, &information, &none);
    std::cout << (signal == SIGUSR1 ? "usr1"
                  : signal > 0      ? "queued " + std::to_string(information.si_value.sival_int)
                                    : strerror(errno))
              << "\n";
  }
  std::thread late([] {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    kill(getpid(), SIGUSR1);
  });
  std::cout << "waited " << (sigwaitinfo(&set, &information) == SIGUSR1) << "\n";
  late.join();

  seen = 0;
  kill(getpid(), SIGUSR1);
  std::cout << sigsuspend(&empty) << (errno == EINTR) << (seen == SIGUSR1) << "\n";
  sigprocmask(SIG_UNBLOCK, &set, nullptr);

  handle(SIGUSR2, SA_RESTART);
  int ends[2];
  (void)!pipe(ends);
  const pthread_t self = pthread_self();
  for (const int signal : {SIGUSR2, SIGUSR1}) {  // one lets it go on, the other does not
    seen = 0;
    std::atomic<bool> done = false;
    std::thread sender([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      pthread_kill(self, signal);
      while (seen == 0) std::this_thread::yield();
      if (signal == SIGUSR2) (void)!write(ends[1], "x", 1);
      signal_until(done, self, signal);  // it may have come before the other waited
    });
    char byte;
    const ssize_t count = read(ends[0], &byte, 1);
    done = true;
    std::cout << "read " << count << (count < 0 && errno == EINTR) << "\n";
    sender.join();
  }
  std::atomic<bool> slept = false;
  std::thread sleeper([&] { signal_until(slept, self, SIGUSR2); });
  const timespec long_time{1000, 0};
  timespec left{};
  const int sleep = nanosleep(&long_time, &left);
  std::cout << "sleep " << sleep << (errno == EINTR) << (left.tv_sec > 900) << "\n";
  slept = true;
  sleeper.join();

  // Cancelled where it computes and where it waits.
  pthread_t cancelled{};
  pthread_create(
      &cancelled, nullptr,
      [](void*) -> void* {
        pause();
        return nullptr;
      },
      nullptr);
  pthread_cancel(cancelled);
  void* result = nullptr;
  pthread_join(cancelled, &result);
  std::cout << "cancelled " << (result == PTHREAD_CANCELED) << "\n";
  signal(SIGPIPE, SIG_IGN);
  close(ends[0]);
  std::cout << write(ends[1], "x", 1) << (errno == EPIPE) << std::endl;

  std::thread([] {
    for (volatile unsigned long forever = 1; forever != 0;) forever = forever | 1;
  }).detach();
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  _exit(9);  // while that one computes
}
