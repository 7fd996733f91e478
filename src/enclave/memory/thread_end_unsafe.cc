// SPDX-License-Identifier: Apache-2.0
// Waiting for the end of a thread. The kernel announces it by a shared futex in the thread's stack, which does not work
// in secret memory (and the C library aborts over it). So threads announce their end themselves, a few instructions
// before the kernel clears their identity, and who joins them waits for both.
#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <ctime>

#include <linux/futex.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "enclave/memory/pool.h"

namespace adyton {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

// Counts threads that are about to end. Constant-initialised.
constinit std::uint32_t ends = 0;

// Nanoseconds to `deadline`, or two seconds' worth of them if that is more.
std::int64_t time_left(clockid_t clock, const timespec& deadline) {
  timespec now{};
  clock_gettime(clock, &now);
  const std::int64_t seconds = std::clamp<std::int64_t>(deadline.tv_sec - now.tv_sec, -2, 2);
  return seconds * kSecond + deadline.tv_nsec - now.tv_nsec;
}

// Waits until `ends` is no longer `seen`, at most `nanoseconds`.
void wait_for_end(std::uint32_t seen, std::int64_t nanoseconds) {
  const timespec timeout{.tv_sec = nanoseconds / kSecond, .tv_nsec = nanoseconds % kSecond};
  // SAFETY: waits on a word of this program's own.
  syscall(SYS_futex, &ends, FUTEX_WAIT_PRIVATE, seen, &timeout, nullptr, 0);
}

// After each thread's end the wanted thread may be gone at once or need a moment more, so look again soon, then more
// and more seldom: a joiner that has long to wait costs four wake-ups a second.
int join(pthread_t thread, void** result, clockid_t clock, const timespec* deadline) {
  constexpr std::int64_t kFirstWait = 20'000;
  constexpr std::int64_t kLongestWait = kSecond / 4;
  if (pthread_equal(thread, pthread_self()) != 0) return EDEADLK;
  if (deadline != nullptr && (deadline->tv_nsec < 0 || deadline->tv_nsec >= kSecond)) return EINVAL;
  std::int64_t wait = kFirstWait;
  std::uint32_t seen = __atomic_load_n(&ends, __ATOMIC_ACQUIRE);
  for (;;) {
    pthread_testcancel();
    const int outcome = pthread_tryjoin_np(thread, result);
    if (outcome != EBUSY) return outcome;
    std::int64_t nanoseconds = wait;
    if (deadline != nullptr) {
      const std::int64_t left = time_left(clock, *deadline);
      if (left <= 0) return ETIMEDOUT;
      nanoseconds = std::min(nanoseconds, left);
    }
    wait_for_end(seen, nanoseconds);
    const std::uint32_t current = __atomic_load_n(&ends, __ATOMIC_ACQUIRE);
    wait = current == seen ? std::min(wait * 2, kLongestWait) : kFirstWait;
    seen = current;
  }
}

bool kernel_can_tell() { return pool_state.kind == MemoryKind::kNative || pool_state.kind == MemoryKind::kOrdinary; }

}  // namespace
}  // namespace adyton

extern "C" {

int __real_pthread_join(pthread_t thread, void** result);
int __real_pthread_timedjoin_np(pthread_t thread, void** result, const timespec* deadline);
int __real_pthread_clockjoin_np(pthread_t thread, void** result, clockid_t clock, const timespec* deadline);
void __real___libc_thread_freeres();

int __wrap_pthread_join(pthread_t thread, void** result) {
  if (adyton::kernel_can_tell()) return __real_pthread_join(thread, result);
  return adyton::join(thread, result, CLOCK_REALTIME, nullptr);
}
int __wrap___pthread_join(pthread_t thread, void** result) { return __wrap_pthread_join(thread, result); }

int __wrap_pthread_timedjoin_np(pthread_t thread, void** result, const timespec* deadline) {
  if (adyton::kernel_can_tell()) return __real_pthread_timedjoin_np(thread, result, deadline);
  return adyton::join(thread, result, CLOCK_REALTIME, deadline);
}

int __wrap_pthread_clockjoin_np(pthread_t thread, void** result, clockid_t clock, const timespec* deadline) {
  if (adyton::kernel_can_tell()) return __real_pthread_clockjoin_np(thread, result, clock, deadline);
  if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC) return EINVAL;
  return adyton::join(thread, result, clock, deadline);
}

// The last thing a thread does in the C library before it leaves for good.
void __wrap___libc_thread_freeres() {
  __real___libc_thread_freeres();
  if (adyton::kernel_can_tell()) return;
  __atomic_add_fetch(&adyton::ends, 1, __ATOMIC_RELEASE);
  // SAFETY: wakes waiters of the word above; it reads and writes nothing.
  syscall(SYS_futex, &adyton::ends, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}

}  // extern "C"
