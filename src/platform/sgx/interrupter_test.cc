// SPDX-License-Identifier: Apache-2.0
#include "platform/sgx/interrupter.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>

namespace adyton {
namespace {

TEST(Interrupter, GoesOnUntilTheThreadHasNoticed) {
  std::latch noticed(1);
  std::atomic<int> times = 0;
  Interrupter interrupter(
      [&](std::uint64_t thread) {
        EXPECT_EQ(thread, 3u);
        if (++times == 10) noticed.count_down();
      },
      [&](std::uint64_t) { return times < 10; }, [](std::uint64_t) {});
  interrupter.now(3);
  noticed.wait();
  EXPECT_EQ(times, 10);
}

TEST(Interrupter, OnceIsEnoughForWhoNotices) {
  std::latch asked(1);
  std::atomic<int> times = 0;
  Interrupter interrupter([&](std::uint64_t) { ++times; },
                          [&](std::uint64_t) {
                            asked.count_down();
                            return false;
                          },
                          [](std::uint64_t) {});
  interrupter.now(0);
  asked.wait();
  EXPECT_EQ(times, 1);
}

TEST(Interrupter, AnAlarmInterrupts) {
  std::latch told(1), interrupted(1);
  Interrupter interrupter([&](std::uint64_t) { interrupted.count_down(); }, [](std::uint64_t) { return false; },
                          [&](std::uint64_t) { told.count_down(); });
  interrupter.alarm(std::chrono::steady_clock::now(), 0);
  told.wait();
  interrupted.wait();
}

}  // namespace
}  // namespace adyton
