// SPDX-License-Identifier: Apache-2.0
#include "keep/spin_lock.h"

#include <gtest/gtest.h>
#include <linux/mman.h>

#include <atomic>
#include <cstdlib>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "keep/calls.h"
#include "keep/testing/fake_host.h"

namespace adyton::keep {
namespace {

TEST(SpinLock, NobodyIsThereWithWhoIsAlone) {
  SpinLock lock;
  int alone = 0, sharing = 0;  // both changed and read under the lock only
  std::atomic<int> wrong = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 20'000; ++round) {
        const Locked locked(lock);
        wrong += ++alone != 1 || __atomic_load_n(&sharing, __ATOMIC_RELAXED) != 0;
        --alone;
      }
    });
    threads.emplace_back([&] {
      for (int round = 0; round < 20'000; ++round) {
        const Shared shared(lock);
        __atomic_add_fetch(&sharing, 1, __ATOMIC_RELAXED);
        wrong += alone != 0;
        __atomic_sub_fetch(&sharing, 1, __ATOMIC_RELAXED);
      }
    });
  }
  threads.clear();
  EXPECT_EQ(wrong, 0);
}

// Else a thread that was interrupted with a lock keeps all others from running, and them it.
TEST(SpinLock, WhoWaitsLetsOthersRun) {
  SpinLock lock;
  const int before = others_let_run;
  std::optional<Locked> held(lock);
  std::jthread alone([&] { const Locked locked(lock); });
  while (others_let_run == before) std::this_thread::yield();
  held.reset();
  alone.join();

  held.emplace(lock);
  const int then = others_let_run;
  std::jthread sharing([&] { const Shared shared(lock); });
  while (others_let_run == then) std::this_thread::yield();
  held.reset();
}

// Else those that take it again and again keep a third from it.
TEST(SpinLock, WhoHasWaitedForLongIsLetInFirst) {
  for (const bool shared : {false, true}) {
    SpinLock lock;
    std::atomic<bool> was_in = false;
    std::optional<Locked> held(lock);
    const int before = others_let_run;
    std::jthread waits([&] {
      if (shared) {
        const Shared sharing(lock);
        was_in = true;
      } else {
        const Locked alone(lock);
        was_in = true;
      }
    });
    while (others_let_run == before) std::this_thread::yield();  // by then it has waited for long
    held.reset();
    held.emplace(lock);
    EXPECT_TRUE(was_in) << shared;
    held.reset();
  }
}

// Who holds the memory shared, as a thread that is wiping does, keeps no other from doing so: or this never ends.
TEST(SpinLock, ThreadsWipeAtTheSameTime) {
  constexpr std::uint64_t kPages = 16;
  struct Free {
    void operator()(void* memory) const { std::free(memory); }
  };
  const std::unique_ptr<void, Free> heap{std::aligned_alloc(kPage, kPages * kPage)};
  const auto kernel = std::make_unique<Kernel>();
  ASSERT_TRUE(kernel->memory.initialise(address_of(heap.get()), address_of(heap.get()) + kPages * kPage));
  const std::int64_t mapped = kernel->memory.map(0, 2 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
  ASSERT_GT(mapped, 0);
  auto* const byte = at<char>(static_cast<std::uint64_t>(mapped));
  *byte = 7;
  const Shared shared(kernel->memory_lock);
  EXPECT_EQ(call_madvise(*kernel, address_of(byte), kPage, MADV_DONTNEED), 0);
  EXPECT_EQ(*byte, 0);
}

}  // namespace
}  // namespace adyton::keep
