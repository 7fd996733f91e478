// SPDX-License-Identifier: Apache-2.0
// Mutual exclusion between threads of the enclave, for a few instructions, and shared also for longer; never held while
// the host is asked.
#pragma once

#include <cstdint>

namespace adyton::keep {

class SpinLock {
 public:
  void lock() {
    for (std::uint32_t free = 0; !change(free, kAlone); free = 0) __builtin_ia32_pause();
  }
  void unlock() { __atomic_store_n(&held_, 0, __ATOMIC_RELEASE); }
  void lock_shared() {
    for (std::uint32_t held = load(); held == kAlone || !change(held, held + 1); held = load()) __builtin_ia32_pause();
  }
  void unlock_shared() { __atomic_sub_fetch(&held_, 1, __ATOMIC_RELEASE); }

 private:
  static constexpr std::uint32_t kAlone = ~0U;
  std::uint32_t load() const { return __atomic_load_n(&held_, __ATOMIC_RELAXED); }
  bool change(std::uint32_t from, std::uint32_t to) {
    return load() == from && __atomic_compare_exchange_n(&held_, &from, to, true, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
  }

  std::uint32_t held_ = 0;  // how many share it, or kAlone
};

class Locked {
 public:
  explicit Locked(SpinLock& lock) : lock_(lock) { lock_.lock(); }
  ~Locked() { lock_.unlock(); }
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;

 private:
  SpinLock& lock_;
};

// With others that do so, too, and with nobody who is Locked.
class Shared {
 public:
  explicit Shared(SpinLock& lock) : lock_(lock) { lock_.lock_shared(); }
  ~Shared() { lock_.unlock_shared(); }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;

 private:
  SpinLock& lock_;
};

}  // namespace adyton::keep
