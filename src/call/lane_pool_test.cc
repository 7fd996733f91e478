// SPDX-License-Identifier: Apache-2.0
#include "call/lane_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "call/futex.h"

namespace adyton {
namespace {

using namespace std::chrono_literals;

// One short call at a time, of which the tests' threads are the callers, and nobody answers.
class LanePoolTest : public testing::Test {
 protected:
  Result<std::uint32_t> acquire(std::chrono::milliseconds timeout = 10s) {
    const auto sleeps = [this](std::uint32_t) { return answerer_sleeps_.load(); };
    return pool_.acquire({.deadline = std::chrono::steady_clock::now() + timeout}, state_, sleeps);
  }
  void await_crowd() const {
    while (!pool_.crowded()) std::this_thread::yield();
  }
  void finish(std::uint32_t lane, bool looks_at_clock = false) {
    pool_.release_crowded(lane, false, {.was_quick = true, .looks_at_clock = looks_at_clock});
  }

  CallerQueue queue_{};
  ChannelState state_;
  std::atomic<bool> answerer_sleeps_ = false;
  LanePool pool_{4, 1, queue_};
};

TEST_F(LanePoolTest, AThreadKeepsItsLaneWhileOthersWait) {
  const auto lane = acquire();
  ASSERT_TRUE(lane);
  std::jthread waits([this] {
    const auto in_vain = acquire(100ms);
    EXPECT_FALSE(in_vain);
  });
  await_crowd();
  for (int call = 0; call < 1000; ++call) {
    finish(*lane);
    const auto again = acquire();
    ASSERT_TRUE(again);
    EXPECT_EQ(*again, *lane);
  }
  waits.join();
  pool_.release(*lane, false);
  EXPECT_TRUE(acquire(0ms));
}

TEST_F(LanePoolTest, WhoWaitsTakesALaneOfWhichNoMoreCallsCome) {
  const auto lane = acquire();
  ASSERT_TRUE(lane);
  std::atomic<bool> in = false;
  std::jthread waits([&] {
    const auto taken = acquire();
    EXPECT_TRUE(taken && *taken == *lane);
    in = true;
    while (queue_.bell.load() != 2) std::this_thread::yield();
    pool_.release(*taken, false);
    pool_.let_in();
  });
  await_crowd();
  finish(*lane);
  queue_.bell.fetch_add(1);  // as the answering thread does before it sleeps
  futex_wake(queue_.bell);
  while (!in) std::this_thread::yield();
  const auto not_kept = acquire(10ms);  // it is the other's now
  EXPECT_FALSE(not_kept);
  queue_.bell.fetch_add(1);
  waits.join();
  EXPECT_TRUE(acquire());
}

// Nobody will say so any more: who comes later sees it.
TEST_F(LanePoolTest, WhoComesTakesALaneWhoseAnsweringThreadSleeps) {
  const auto lane = acquire();
  ASSERT_TRUE(lane);
  std::jthread([this] { EXPECT_FALSE(acquire(20ms)); }).join();  // a crowd that went away
  finish(*lane);
  std::jthread([this] { EXPECT_FALSE(acquire(20ms)); }).join();
  answerer_sleeps_ = true;
  std::jthread([&] {
    const auto taken = acquire();
    EXPECT_TRUE(taken && *taken == *lane);
    pool_.release(*taken, false);
  }).join();
  EXPECT_TRUE(acquire(0ms));
}

// The bell came when the lane was not kept yet, and does not come again.
TEST_F(LanePoolTest, ALaneThatIsKeptTooLateIsFound) {
  const auto lane = acquire();
  ASSERT_TRUE(lane);
  answerer_sleeps_ = true;
  std::jthread waits([&] {
    const auto taken = acquire();
    EXPECT_TRUE(taken && *taken == *lane);
  });
  await_crowd();
  std::this_thread::sleep_for(5ms);
  finish(*lane);
  waits.join();
}

TEST_F(LanePoolTest, ATenureEnds) {
  const auto lane = acquire();
  ASSERT_TRUE(lane);
  std::atomic<bool> in = false;
  std::jthread waits([&] { in = acquire().has_value(); });
  await_crowd();
  std::this_thread::sleep_for(10ms);
  finish(*lane, true);
  waits.join();
  EXPECT_TRUE(in);
}

}  // namespace
}  // namespace adyton
