// SPDX-License-Identifier: Apache-2.0
// What waiting rests on: queued signals, timers, epoll's table; and what the host says of polled descriptors.
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>

#include "keep/calls.h"
#include "keep/readiness.h"
#include "keep/signals.h"
#include "keep/testing/fake_host.h"

namespace adyton::keep {
namespace {

TEST(SignalQueueTest, KeepsOrderAndOneOfEachThatIsNotQueued) {
  SignalQueue queue;
  EXPECT_TRUE(queue.add(10, 0, {.value = 1}));
  EXPECT_TRUE(queue.add(10, 0, {.value = 2}));
  EXPECT_TRUE(queue.add(10, 7, {.value = 3}));
  EXPECT_TRUE(queue.add(40, 0, {.value = 4}));
  EXPECT_TRUE(queue.add(40, 0, {.value = 5}));
  SignalInfo info;
  EXPECT_TRUE(queue.take(40, 0, info));
  EXPECT_EQ(info.value, 4u);
  EXPECT_TRUE(queue.take(10, 0, info));
  EXPECT_EQ(info.value, 1u);
  EXPECT_FALSE(queue.take(10, 0, info));
  queue.forget(7);
  EXPECT_FALSE(queue.has(10, 7));
  EXPECT_TRUE(queue.has(40, 0));
  for (std::uint64_t count = 1; count < SignalQueue::kMost; ++count) EXPECT_TRUE(queue.add(41, 0, {}));
  EXPECT_FALSE(queue.add(41, 0, {}));
}

class WaitingTest : public testing::Test {
 protected:
  WaitingTest() {
    fake_host().thread = &thread_;
    fake_host().answer = [this](const FakeHost::Request& request) -> RawAnswer {
      if (request.request == KeepRequest::kClock) return {now_ / 1'000'000'000, now_ % 1'000'000'000};
      if (request.request == KeepRequest::kWait) now_ += request.a == kForever ? 0 : request.a;
      return {};
    };
  }
  ~WaitingTest() override { fake_host() = {}; }

  std::uint64_t now_ = 1'000'000'000;
  std::unique_ptr<Kernel> kernel_ = std::make_unique<Kernel>();
  ThreadState thread_{};
};

TEST_F(WaitingTest, ATimerCountsWhatItMissed) {
  const auto index = static_cast<std::uint64_t>(kernel_->timers.open({}));
  EXPECT_GT(index, Timers::kInterval);
  EXPECT_EQ(kernel_->timers.set(*kernel_, index, {{0, 10}, {0, 100}}, false).next, Time{});
  EXPECT_EQ(kernel_->timers.take(*kernel_, index), 0u);
  now_ += 99;
  EXPECT_EQ(kernel_->timers.take(*kernel_, index), 0u);
  now_ += 1;
  EXPECT_EQ(kernel_->timers.take(*kernel_, index), 1u);
  now_ += 35;
  EXPECT_EQ(kernel_->timers.take(*kernel_, index), 3u);
  const TimerSetting left = kernel_->timers.set(*kernel_, index, {{}, {0, 50}}, false);
  EXPECT_EQ(left.next, (Time{0, 5}));
  now_ += 1'000'000;
  EXPECT_EQ(kernel_->timers.take(*kernel_, index), 1u);
  now_ += 1'000'000;
  EXPECT_EQ(kernel_->timers.take(*kernel_, index), 0u);
}

// A clock that leaps by centuries, and intervals of a nanosecond.
TEST_F(WaitingTest, NoTimeOverflowsATimer) {
  const auto index = static_cast<std::uint64_t>(kernel_->timers.open({}));
  constexpr std::int64_t kMost = 0x7fffffffffffffff;
  for (const Time interval : {Time{0, 1}, Time{kMost, 999'999'999}, Time{1, 0}}) {
    for (const Time next : {Time{0, 1}, Time{kMost, 999'999'999}}) {
      for (const bool absolute : {false, true}) {
        kernel_->timers.set(*kernel_, index, {interval, next}, absolute);
        now_ += 1ull << 61;
        kernel_->timers.take(*kernel_, index);
        Timer timer;
        EXPECT_TRUE(kernel_->timers.get(*kernel_, index, timer));
        EXPECT_TRUE(timer.setting.next.valid());
      }
    }
  }
}

TEST_F(WaitingTest, ASignalTimerFiresOnlyWhenTheClockSaysSo) {
  fake_host().requests.clear();
  kernel_->timers.set(*kernel_, Timers::kInterval, {{}, {5, 0}}, false);
  EXPECT_TRUE(kernel_->timers.armed());
  kernel_->timers.host_called(*kernel_);  // the host lies
  EXPECT_FALSE(has_signal(*kernel_, thread_));
  EXPECT_EQ(fake_host().requests.back().request, KeepRequest::kAlarm);
  EXPECT_EQ(fake_host().requests.back().a, 5'000'000'000u);
  now_ += 5'000'000'000;
  thread_.set_hold(ThreadHold::kHeld);
  kernel_->actions[14].handler = 0x1000;
  kernel_->timers.host_called(*kernel_);
  EXPECT_TRUE(has_signal(*kernel_, thread_));
  EXPECT_FALSE(kernel_->timers.armed());
  SignalInfo info;
  EXPECT_EQ(take_signal(*kernel_, thread_, ~0ull, info), 14u);
  EXPECT_FALSE(has_signal(*kernel_, thread_));
}

TEST_F(WaitingTest, TheHostIsToldOnceOfTheNextTime) {
  kernel_->timers.set(*kernel_, Timers::kInterval, {{5, 0}, {5, 0}}, false);
  const auto told = [] {
    return std::ranges::count(fake_host().requests, KeepRequest::kAlarm, &FakeHost::Request::request);
  };
  for (const std::int64_t passed : {0L, 5'000'000'000L}) {  // too early, and in time
    now_ += passed;
    const auto before = told();
    kernel_->timers.host_called(*kernel_);
    EXPECT_EQ(told(), before + 1) << passed;
  }
}

// A timer whose signal nobody takes: one is on its way, the others are counted.
TEST_F(WaitingTest, ATimerHasOneSignalOnItsWay) {
  thread_.set_hold(ThreadHold::kHeld);
  thread_.signal_mask = signal_bit(34);
  kernel_->actions[34].handler = 0x1000;
  const Timer timer{.sends = true, .signal = 34, .value = 7, .code = kTimerExpired};
  const auto index = static_cast<std::uint64_t>(kernel_->timers.open(timer));
  kernel_->timers.set(*kernel_, index, {{0, 10}, {0, 10}}, false);
  for (int round = 0; round < 1000; ++round) {
    now_ += 10;
    kernel_->timers.host_called(*kernel_);
  }
  EXPECT_EQ(send_signal(*kernel_, 0, 40, {.value = 1}), 0);  // there is room for others
  SignalInfo info;
  EXPECT_EQ(take_signal(*kernel_, thread_, ~0ull, info), 34u);
  EXPECT_EQ(info.first, index | 999ull << 32);
  EXPECT_EQ(info.value, 7u);
  EXPECT_EQ(take_signal(*kernel_, thread_, signal_bit(34), info), 0u);
  Timer now;
  ASSERT_TRUE(kernel_->timers.get(*kernel_, index, now));
  EXPECT_EQ(now.overrun, 999u);
  now_ += 35;  // late by two
  kernel_->timers.host_called(*kernel_);
  EXPECT_EQ(take_signal(*kernel_, thread_, signal_bit(34), info), 34u);
  EXPECT_EQ(info.first, index | 2ull << 32);

  // What is on its way when the timer is deleted is not the next one's.
  now_ += 10;
  kernel_->timers.host_called(*kernel_);
  EXPECT_EQ(call_timer_delete(*kernel_, index), 0);
  EXPECT_EQ(take_signal(*kernel_, thread_, signal_bit(34), info), 0u);
  EXPECT_EQ(static_cast<std::uint64_t>(kernel_->timers.open(timer)), index);
  kernel_->timers.set(*kernel_, index, {{}, {0, 10}}, false);
  now_ += 10;
  kernel_->timers.host_called(*kernel_);
  EXPECT_EQ(take_signal(*kernel_, thread_, signal_bit(34), info), 34u);
  EXPECT_EQ(info.first, index);
}

TEST_F(WaitingTest, EpollKnowsAWatchByDescriptorAndFile) {
  void* heap = std::aligned_alloc(4096, 4 << 20);
  ASSERT_TRUE(kernel_->memory.initialise(address_of(heap), address_of(heap) + (4 << 20)));
  Epolls& epolls = kernel_->epolls;
  const auto index = static_cast<std::uint64_t>(epolls.open());
  const auto add = [&](const EpollWatch& watch) {
    return epolls.add(kernel_->memory, kernel_->memory_lock, index, watch);
  };
  for (std::uint32_t watch = 0; watch < 300; ++watch) EXPECT_EQ(add({.descriptor = watch, .file_id = 1}), 0);
  EXPECT_EQ(add({.descriptor = 5, .file_id = 1}), -EEXIST);
  EXPECT_EQ(add({.descriptor = 5, .file_id = 2}), 0);
  EXPECT_EQ(epolls.change(index, {.descriptor = 5, .file_id = 3}), -ENOENT);
  EXPECT_EQ(epolls.remove(index, {.descriptor = 5, .file_id = 1}), 0);
  EXPECT_EQ(epolls.count(index), 300u);
  EpollWatch watch;
  EXPECT_FALSE(epolls.get(index, 300, watch));
  std::int64_t last = 0;
  for (std::uint32_t more = 1000; last == 0; ++more) last = add({.descriptor = more, .file_id = 1});
  EXPECT_EQ(last, -ENOSPC);
  epolls.close(kernel_->memory, kernel_->memory_lock, index);
  EXPECT_EQ(kernel_->memory.taken_bytes(), 0u);
  std::free(heap);
}

// What the host finds is looked at only for the descriptor that was asked for, and only as far as was asked.
TEST_F(WaitingTest, WhatTheHostPolledIsMasked) {
  const auto page = std::make_unique<HostPage>();
  thread_.host_page = address_of(page.get());
  const OpenFile file{.kind = FileKind::kInput, .object = 0};
  put_polled(thread_, 3, file, POLLIN);
  auto* entry = at<KeepPolled>(thread_.host_page) + 3;
  EXPECT_EQ(entry->wanted, POLLIN);
  EXPECT_EQ(get_polled(thread_, 3, file, POLLIN), 0u);
  entry->found = 0xffff;
  EXPECT_EQ(get_polled(thread_, 3, file, POLLIN), std::uint32_t{POLLIN});
  entry->handle = 1;
  EXPECT_EQ(get_polled(thread_, 3, file, POLLIN), 0u);
}

}  // namespace
}  // namespace adyton::keep
