// SPDX-License-Identifier: Apache-2.0
#include "platform/sgx/interrupter.h"

#include <gtest/gtest.h>

#include <atomic>
#include <semaphore>

namespace adyton {
namespace {

// A thread that is in and out all the time, and at the alarm's time happens to be out.
TEST(InterrupterTest, AnAlarmRingsUntilItIsNoticed) {
  std::atomic<std::uint64_t> exits = 0, rung = 0;
  std::counting_semaphore<> interrupted{0};
  Interrupter interrupter([&](std::uint64_t) { interrupted.release(); }, [&](std::uint64_t) { return ++exits; },
                          [](std::uint64_t) { return std::uint64_t{0}; }, [&](std::uint64_t) { ++rung; });
  interrupter.alarm(std::chrono::steady_clock::now(), 0);
  for (int times = 0; times < 4; ++times) interrupted.acquire();
  EXPECT_EQ(rung, 1u);
}

}  // namespace
}  // namespace adyton
