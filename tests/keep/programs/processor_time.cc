// SPDX-License-Identifier: Apache-2.0
// Processor time counts from the start, and while a thread computes, not while it sleeps.
#include <pthread.h>
#include <sys/resource.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <iostream>

namespace {

constexpr clockid_t kTai = 11;

double seconds(clockid_t clock) {
  timespec now{};
  if (clock_gettime(clock, &now) != 0) return -1;
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

pthread_barrier_t half, whole;

void* compute(void*) {
  const double begin = seconds(CLOCK_THREAD_CPUTIME_ID);
  while (seconds(CLOCK_THREAD_CPUTIME_ID) < begin + 0.02) {
  }
  pthread_barrier_wait(&half);
  pthread_barrier_wait(&whole);
  return nullptr;
}

}  // namespace

int main() {
  std::cout << "small at first " << (seconds(CLOCK_PROCESS_CPUTIME_ID) < 5) << (clock() < 5 * CLOCKS_PER_SEC) << "\n";
  pthread_barrier_init(&half, nullptr, 2);
  pthread_barrier_init(&whole, nullptr, 2);
  for (int round = 0; round < 2; ++round) {
    pthread_t other{};
    pthread_create(&other, nullptr, compute, nullptr);
    pthread_barrier_wait(&half);
    clockid_t others{};
    std::cout << "another's clock " << pthread_getcpuclockid(other, &others);
    const double used = seconds(others);
    pthread_barrier_wait(&whole);
    pthread_join(other, nullptr);
    std::cout << " has counted " << (used >= 0.02) << ", all " << (seconds(CLOCK_PROCESS_CPUTIME_ID) >= 0.02) << "\n";
  }
  clockid_t own{}, of_process{};
  std::cout << pthread_getcpuclockid(pthread_self(), &own) << clock_getcpuclockid(0, &of_process)
            << clock_getcpuclockid(getpid(), &of_process) << (seconds(own) >= 0)
            << (seconds(of_process) >= seconds(own)) << "\n";

  // Much is slept for each bit of work that sleeping takes.
  const double before = seconds(CLOCK_THREAD_CPUTIME_ID);
  const timespec long_time{0, 200'000'000};
  nanosleep(&long_time, nullptr);
  std::cout << "asleep " << (seconds(CLOCK_THREAD_CPUTIME_ID) - before < 0.2) << "\n";

  rusage usage{};
  std::cout << getrusage(RUSAGE_SELF, &usage) << (usage.ru_utime.tv_sec < 5) << getrusage(RUSAGE_THREAD, &usage)
            << getrusage(RUSAGE_CHILDREN, &usage) << usage.ru_utime.tv_sec << getrusage(77, &usage) << (errno == EINVAL)
            << "\n";
  tms ticks{};
  std::cout << (times(&ticks) != -1) << (ticks.tms_utime < 500) << "\n";
  timespec resolution{};
  std::cout << clock_getres(CLOCK_PROCESS_CPUTIME_ID, &resolution) << clock_getres(kTai, &resolution)
            << (seconds(kTai) > 1e9) << clock_getres(CLOCK_MONOTONIC_COARSE, &resolution)
            << (resolution.tv_nsec >= 1'000'000) << clock_getres(77, &resolution) << std::endl;
  return 0;
}
