// SPDX-License-Identifier: Apache-2.0
// The ends of threads, with others in between wherever the host is asked.
#include "keep/threads.h"

#include <gtest/gtest.h>

#include <csignal>
#include <memory>
#include <optional>
#include <vector>

#include "keep/calls.h"
#include "keep/signals.h"
#include "keep/testing/fake_host.h"

namespace adyton::keep {
namespace {

class ThreadsTest : public testing::Test {
 protected:
  static constexpr std::uint64_t kThreads = 4;
  ThreadsTest() {
    kernel_->threads.initialise(address_of(pages_.get()), sizeof(KeepThread), kThreads);
    EXPECT_TRUE(kernel_->user.add(address_of(&word_), address_of(&word_) + sizeof(word_), true));
  }
  ~ThreadsTest() override { fake_host() = {}; }

  ThreadState& make() {
    ThreadState* thread = kernel_->threads.reserve();
    EXPECT_NE(thread, nullptr);
    thread->signal_mask = 0;
    thread->set_phase(ThreadPhase::kRunning);
    return *thread;
  }
  // How it leaves.
  Left end(ThreadState& thread, std::uint64_t status = 0) {
    ThreadState* const before = fake_host().thread;
    fake_host().thread = &thread;
    std::optional<Left> out;
    try {
      end_thread(*kernel_, thread, status);
    } catch (const Left& left) {
      out = left;
    }
    fake_host().thread = before;
    return *out;
  }
  void arm_timer() {
    kernel_->actions[SIGALRM].handler = 0x1000;
    kernel_->timers.set(*kernel_, Timers::kInterval, {{}, {100, 0}}, false);
  }

  alignas(8) std::uint32_t word_ = 1;
  std::unique_ptr<KeepThread[]> pages_ = std::make_unique<KeepThread[]>(kThreads);
  std::unique_ptr<Kernel> kernel_ = std::make_unique<Kernel>();
};

TEST_F(ThreadsTest, TheLastOfThoseThatEndEndsTheApplication) {
  ThreadState& first = make();
  ThreadState& second = make();
  EXPECT_EQ(end(first, 7).exit, KeepExit::kThreadEnded);
  const Left left = end(second, 0x109);
  EXPECT_EQ(left.exit, KeepExit::kExited);
  EXPECT_EQ(left.a, 9u);
}

// Each of two threads, while it ends and asks the host for something, finds that the other has ended as well.
TEST_F(ThreadsTest, OfTwoThatEndAtOnceOneIsTheLast) {
  ThreadState& first = make();
  ThreadState& second = make();
  arm_timer();
  std::optional<Left> other;
  bool asked = false;
  fake_host().answer = [&](const FakeHost::Request& request) -> RawAnswer {
    if (request.request == KeepRequest::kAlarm && !asked) {
      asked = true;
      other = end(second);
    }
    return {};
  };
  EXPECT_EQ(end(first).exit, KeepExit::kExited);
  ASSERT_TRUE(other.has_value());
  EXPECT_EQ(other->exit, KeepExit::kThreadEnded);
}

TEST_F(ThreadsTest, WhoSeesAThreadsEndFindsItsStructureFree) {
  make();
  std::vector<ThreadState*> others;
  for (std::uint64_t more = 1; more < kThreads; ++more) others.push_back(&make());
  EXPECT_EQ(kernel_->threads.reserve(), nullptr);
  others[1]->clear_thread_id = address_of(&word_);
  ThreadState& joiner = *others[0];
  joiner.wait_mask = ~0U;
  std::optional<Left> left;
  // The joiner falls asleep on the word, and is woken by nobody but the thread that ends.
  fake_host().answer = [&](const FakeHost::Request& request) -> RawAnswer {
    if (request.request == KeepRequest::kWait && !left) left = end(*others[1]);
    if (word_ == 0) {
      EXPECT_NE(kernel_->threads.reserve(), nullptr);
    }
    return {};
  };
  fake_host().thread = &joiner;
  EXPECT_EQ(kernel_->threads.wait(*kernel_, joiner, {.word = &word_, .expected = 1}), 0);
  ASSERT_TRUE(left.has_value());
  EXPECT_EQ(left->exit, KeepExit::kThreadEnded);
  EXPECT_EQ(left->a, joiner.index + 1);
  EXPECT_EQ(word_, 0u);
  EXPECT_EQ(kernel_->threads.reserve(), nullptr);  // it was one, not two
}

// It ran to its end, and another is wanted in its structure by the time the host says that it could not be started.
TEST_F(ThreadsTest, AHostThatDeniesWhatItStartedTakesNobodysStructure) {
  make();
  ThreadState& child = make();
  const std::uint32_t id = child.thread_id;
  EXPECT_EQ(end(child).exit, KeepExit::kThreadEnded);
  ThreadState& other = make();
  ASSERT_EQ(&other, &child);
  other.set_phase(ThreadPhase::kWanted);
  EXPECT_FALSE(kernel_->threads.withdraw(child, id));
  EXPECT_EQ(kernel_->threads.running(), 2u);
  EXPECT_TRUE(kernel_->threads.withdraw(other, other.thread_id));
  EXPECT_EQ(kernel_->threads.running(), 1u);
}

// The alarm is always a thread's that is there to hear it.
TEST_F(ThreadsTest, TimersAreHandedOnByAllThatEnd) {
  ThreadState& first = make();
  ThreadState& second = make();
  ThreadState& third = make();
  arm_timer();
  bool asked = false;
  std::uint64_t alarmed = kThreads;
  fake_host().answer = [&](const FakeHost::Request& request) -> RawAnswer {
    if (request.request != KeepRequest::kAlarm) return {};
    if (!asked) {
      asked = true;
      EXPECT_EQ(request.b, first.index);
      end(first);  // before the host does what it is asked for
    }
    alarmed = request.b;
    return {};
  };
  EXPECT_EQ(end(second).exit, KeepExit::kThreadEnded);
  EXPECT_EQ(alarmed, third.index);
}

TEST_F(ThreadsTest, SignalsOfAThreadThatEndsAreTheOthersOrNobodys) {
  ThreadState& first = make();
  ThreadState& second = make();
  kernel_->actions[SIGUSR1].handler = kernel_->actions[SIGUSR2].handler = 0x1000;
  fake_host().thread = &second;
  second.signal_mask = 0;
  first.signal_mask = signal_bit(SIGUSR2);
  EXPECT_EQ(send_signal(*kernel_, 0, SIGUSR1, {}), 0);  // the sender's, as it takes it
  EXPECT_EQ(send_signal(*kernel_, second.thread_id, SIGUSR2, {}), 0);
  EXPECT_EQ(first.attention, 0u);
  const std::uint32_t id = second.thread_id;
  EXPECT_EQ(end(second).exit, KeepExit::kThreadEnded);
  EXPECT_EQ(first.attention, 1u);
  fake_host().thread = &first;
  EXPECT_EQ(send_signal(*kernel_, id, SIGUSR2, {}), -ESRCH);
  ThreadState& next = make();
  EXPECT_EQ(&next, &second);
  EXPECT_EQ(next.pending, 0u);
  EXPECT_FALSE(kernel_->signal_queue.has(SIGUSR2, id));
}

}  // namespace
}  // namespace adyton::keep
