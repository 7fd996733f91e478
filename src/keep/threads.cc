// SPDX-License-Identifier: Apache-2.0
#include "keep/threads.h"

#include <asm/errno.h>

#include "keep/address_unsafe.h"
#include "keep/host_interface.h"
#include "keep/signals.h"

namespace adyton::keep {

void Threads::initialise(std::uint64_t first_page, std::uint64_t stride, std::uint64_t count) {
  first_page_ = first_page;
  stride_ = stride;
  count_ = count < kMostThreads ? count : kMostThreads;
}

ThreadState& Threads::state(std::uint64_t index) const {
  return *at<ThreadState>(first_page_ + index * stride_ + offsetof(KeepThread, keep));
}

ThreadState* Threads::reserve() {
  const Locked locked(lock_);
  for (std::uint64_t index = 0; index < count_; ++index) {
    ThreadState& thread = state(index);
    if (!thread.is(ThreadHold::kFree)) continue;
    thread.set_hold(ThreadHold::kHeld);
    thread.index = index;
    thread.thread_id = kProcess + ids_given_;
    ids_given_ = ids_given_ < (1U << 22) ? ids_given_ + 1 : 1;
    thread.wait_address = thread.pending = thread.wait_signals = 0;
    thread.attention = 0;
    thread.used = {};
    thread.mask_is_kept = false;
    thread.clear_thread_id = thread.robust_list = 0;
    thread.alternate_stack[0] = thread.alternate_stack[2] = 0;
    thread.alternate_stack[1] = 2;  // SS_DISABLE
    __atomic_add_fetch(&running_, 1, __ATOMIC_RELAXED);
    return &thread;
  }
  return nullptr;
}

bool Threads::withdraw(ThreadState& thread, std::uint32_t id) {
  const Locked locked(lock_);
  // By its id: it may have run to its end meanwhile, and the next that got its TCS be wanted.
  if (thread.thread_id != id || !thread.change_phase(ThreadPhase::kWanted, ThreadPhase::kIdle)) return false;
  __atomic_sub_fetch(&running_, 1, __ATOMIC_RELAXED);
  thread.set_hold(ThreadHold::kFree);
  return true;
}

// All under the one lock that reserve() takes. Of several threads that end at the same time each but one still sees
// another, and that one ends the application. Who sees `word` zero, which is how pthread_join() knows, finds this TCS
// free in its next clone(): the host enters it only after this thread has left, as it is busy until then. Were the
// sleeper told of by a request, this thread would have to wait for an answer as a TCS that is another's already.
Threads::Parting Threads::part(ThreadState& thread, std::uint32_t* word) {
  const Locked locked(lock_);
  if (running() == 1) return {.last = true};
  Parting out;
  if (word != nullptr) {
    __atomic_store_n(word, 0, __ATOMIC_SEQ_CST);
    if (ThreadState* sleeper = oldest_sleeper(address_of(word), ~0U); sleeper != nullptr) {
      take(*sleeper);
      out.to_wake = sleeper->index + 1;
    }
  }
  __atomic_sub_fetch(&running_, 1, __ATOMIC_RELAXED);
  thread.set_phase(ThreadPhase::kIdle);
  thread.set_hold(ThreadHold::kFree);
  return out;
}

std::int64_t Threads::wait(Kernel& kernel, ThreadState& self, const Sleep& sleep) {
  {
    const Locked locked(lock_);
    // Counted before the word is read: who changes it and then sees no sleeper has changed it before this.
    __atomic_add_fetch(&sleepers_, 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(sleep.word, __ATOMIC_SEQ_CST) != sleep.expected) {
      __atomic_sub_fetch(&sleepers_, 1, __ATOMIC_RELAXED);
      return -EAGAIN;
    }
    self.wait_mask = sleep.mask;
    self.wait_turn = next_turn_++;
    __atomic_store_n(&self.wait_address, address_of(sleep.word), __ATOMIC_RELEASE);
  }
  while (__atomic_load_n(&self.wait_address, __ATOMIC_ACQUIRE) != 0) {
    if (has_signal(kernel, self)) return stop_waiting(self, -EINTR);
    std::uint64_t left = kForever;
    if (sleep.deadline != nullptr) {
      left = nanoseconds_from(kernel.clock.now(sleep.kind), *sleep.deadline);
      if (left == 0) return stop_waiting(self, -ETIMEDOUT);
    }
    if (kernel.timers.armed()) {
      const std::uint64_t soonest = kernel.timers.soonest(kernel);
      if (soonest < left) left = soonest;
    }
    if (sleep.polled != 0) {
      ask_host(KeepRequest::kPoll, left, sleep.polled);
      if (!has_signal(kernel, self)) return stop_waiting(self, -EAGAIN);
    } else {
      ask_host(KeepRequest::kWait, left);
    }
    kernel.timers.fire(kernel);
  }
  return 0;
}

std::int64_t Threads::stop_waiting(ThreadState& self, std::int64_t why) {
  const Locked locked(lock_);
  if (self.wait_address == 0) return 0;  // woken at the last moment
  __atomic_store_n(&self.wait_address, 0, __ATOMIC_RELAXED);
  __atomic_sub_fetch(&sleepers_, 1, __ATOMIC_RELAXED);
  return why;
}

ThreadState* Threads::oldest_sleeper(std::uint64_t address, std::uint32_t mask) {
  ThreadState* oldest = nullptr;
  for (std::uint64_t index = 0; index < count_; ++index) {
    ThreadState& thread = state(index);
    if (thread.wait_address != address || (thread.wait_mask & mask) == 0) continue;
    if (oldest == nullptr || thread.wait_turn < oldest->wait_turn) oldest = &thread;
  }
  return oldest;
}

void Threads::take(ThreadState& sleeper) {
  __atomic_store_n(&sleeper.wait_address, 0, __ATOMIC_RELEASE);
  __atomic_sub_fetch(&sleepers_, 1, __ATOMIC_RELAXED);
}

std::uint64_t Threads::take_sleepers(std::uint64_t address, std::uint64_t most, std::uint32_t mask, Set& woken) {
  std::uint64_t taken = 0;
  while (taken < most) {
    ThreadState* thread = oldest_sleeper(address, mask);
    if (thread == nullptr) break;
    woken.words[thread->index / 64] |= std::uint64_t{1} << (thread->index % 64);
    take(*thread);
    ++taken;
  }
  return taken;
}

void Threads::rouse(const Set& woken) {
  for (std::uint64_t index = 0; index < count_; ++index) {
    if ((woken.words[index / 64] >> (index % 64) & 1) != 0) ask_host(KeepRequest::kWake, index);
  }
}

std::int64_t Threads::wake(const std::uint32_t* word, std::uint64_t most, std::uint32_t mask) {
  if (__atomic_load_n(&sleepers_, __ATOMIC_SEQ_CST) == 0) return 0;
  Set woken;
  std::uint64_t taken = 0;
  {
    const Locked locked(lock_);
    taken = take_sleepers(address_of(word), most, mask, woken);
  }
  rouse(woken);
  return static_cast<std::int64_t>(taken);
}

std::int64_t Threads::requeue(const std::uint32_t* word, std::uint64_t most, const std::uint32_t* to,
                              std::uint64_t most_moved, const std::uint32_t* expected) {
  Set woken;
  std::uint64_t taken = 0, moved = 0;
  {
    const Locked locked(lock_);
    if (expected != nullptr && __atomic_load_n(word, __ATOMIC_SEQ_CST) != *expected) return -EAGAIN;
    taken = take_sleepers(address_of(word), most, ~0U, woken);
    while (word != to && moved < most_moved) {
      ThreadState* thread = oldest_sleeper(address_of(word), ~0U);
      if (thread == nullptr) break;
      thread->wait_address = address_of(to);
      ++moved;
    }
  }
  rouse(woken);
  return static_cast<std::int64_t>(taken + moved);
}

}  // namespace adyton::keep
