// SPDX-License-Identifier: Apache-2.0
// Mutual exclusion between threads of the enclave, for a few instructions, and shared also for longer; never held while
// the host is asked for anything. Who waits for longer than that takes lets others run: the one that holds the lock may
// have been interrupted, and more threads than processors would wait for it with none to go on with.
#pragma once

#include <cstdint>

namespace adyton::keep {

// A trip to the host's scheduler and back. Belongs to the seam of host_interface.h.
void let_others_run();

class SpinLock {
 public:
  void lock() {
    if (!change(0, kAlone)) lock_slowly();
  }
  void unlock() { __atomic_store_n(&held_, 0, __ATOMIC_RELEASE); }
  void lock_shared() {
    if (!share()) share_slowly();
  }
  void unlock_shared() { __atomic_sub_fetch(&held_, 1, __ATOMIC_RELEASE); }

 private:
  static constexpr std::uint32_t kAlone = ~0U;
  static constexpr std::uint32_t kLooks = 200;  // 3 to 10 us
  // Where nobody has to wait, there is no call of these.
  [[gnu::noinline]] void lock_slowly() {
    for (std::uint32_t looks = 0; !change(0, kAlone);) wait(looks);
  }
  [[gnu::noinline]] void share_slowly() {
    for (std::uint32_t looks = 0; !share();) wait(looks);
  }
  bool share() {
    const std::uint32_t held = load();
    return held != kAlone && change(held, held + 1);
  }
  static void wait(std::uint32_t& looks) {
    __builtin_ia32_pause();
    if (++looks % kLooks == 0) let_others_run();
  }
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
