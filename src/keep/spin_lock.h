// SPDX-License-Identifier: Apache-2.0
// Mutual exclusion between threads of the enclave, for a few instructions or a copy of some bytes, and shared also for
// longer. Nobody who holds one asks the host for anything, but to let others run: that does who waits for longer than a
// few microseconds, perhaps for an inner lock, as the one that holds the lock may have been interrupted, and more
// threads than processors would wait for it with none to go on with. Who has waited for long is let in before all that
// come later.
#pragma once

#include <cstdint>

namespace adyton::keep {

// A trip to the host's scheduler and back. Belongs to the seam of host_interface.h.
void let_others_run();

class SpinLock {
 public:
  void lock() {
    if (wanted_by_one() || !change(0, kAlone)) wait_for(kAlone);
  }
  void unlock() { __atomic_store_n(&held_, 0, __ATOMIC_RELEASE); }
  // Not again by who shares it.
  void lock_shared() {
    if (wanted_by_one() || !share()) wait_for(1);
  }
  void unlock_shared() { __atomic_sub_fetch(&held_, 1, __ATOMIC_RELEASE); }

 private:
  static constexpr std::uint32_t kAlone = ~0U;
  static constexpr std::uint32_t kLooks = 200;  // 3 to 10 us, then it is the one that is let in first, or others run
  static constexpr std::uint32_t kLooksOfFirst = 5 * kLooks;

  // Where nobody has to wait, this is not called.
  [[gnu::noinline]] void wait_for(std::uint32_t wanted) {
    bool first = false;
    for (std::uint32_t looks = 1;; ++looks) {
      if ((first || !wanted_by_one()) && (wanted == kAlone ? change(0, kAlone) : share())) break;
      __builtin_ia32_pause();
      if (looks % kLooks == 0 && !first) first = __atomic_exchange_n(&wanted_, 1, __ATOMIC_RELAXED) == 0;
      if (looks % (first ? kLooksOfFirst : kLooks) == 0) let_others_run();
    }
    if (first) __atomic_store_n(&wanted_, 0, __ATOMIC_RELAXED);
  }
  bool wanted_by_one() const { return __atomic_load_n(&wanted_, __ATOMIC_RELAXED) != 0; }
  bool share() {
    const std::uint32_t held = load();
    return held != kAlone && change(held, held + 1);
  }
  std::uint32_t load() const { return __atomic_load_n(&held_, __ATOMIC_RELAXED); }
  bool change(std::uint32_t from, std::uint32_t to) {
    return load() == from && __atomic_compare_exchange_n(&held_, &from, to, true, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
  }

  std::uint32_t held_ = 0;    // how many share it, or kAlone
  std::uint32_t wanted_ = 0;  // 1: by one that has waited for long, before which nobody else takes it
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
