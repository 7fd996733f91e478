// SPDX-License-Identifier: Apache-2.0
// A host program and a real enclave: calls, and every way the enclave can fail its host.
#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <mutex>
#include <set>
#include <thread>

#include <adyton/host.h>

#include "tests/calls_enclave_calls.h"

namespace {

using namespace std::chrono_literals;
using adyton::Enclave;
using adyton::ErrorCode;

std::filesystem::path image() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path() / "calls.enclave";
}

Enclave launch(adyton::LaunchOptions options = {}) {
  auto enclave = Enclave::launch(image(), std::move(options));
  if (!enclave) throw std::runtime_error(enclave.error().message);
  return std::move(*enclave);
}

std::size_t open_descriptors() {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) count += entry.exists() ? 1 : 0;
  return count;
}

bool every_thread_is_stopped(int process) {
  for (const auto& thread : std::filesystem::directory_iterator("/proc/" + std::to_string(process) + "/task")) {
    std::ifstream file(thread.path() / "stat");
    std::string text;
    std::getline(file, text);
    const std::size_t name_end = text.rfind(')');  // then " STATE"
    if (name_end == std::string::npos || text.at(name_end + 2) != 'T') return false;
  }
  return true;
}

TEST(Calls, ValuesBytesAndErrorsCross) {
  auto enclave = launch();
  EXPECT_EQ(enclave.call(add, 40, 2).value(), 42);
  adyton::Bytes bytes(3'000'000);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * 7 >> 2);
  EXPECT_TRUE(enclave.call(echo, bytes).value() == bytes);
  const auto thrown = enclave.call(throw_it, "no paper");
  EXPECT_EQ(thrown.error().code, ErrorCode::kInternal);
  EXPECT_EQ(thrown.error().message, "the handler of test.throw threw: no paper");
}

TEST(Calls, NestBothWays) {
  Enclave* self = nullptr;
  auto enclave = launch({.host_calls = {host_down, [&](std::uint32_t n) -> adyton::Result<std::uint32_t> {
                                          if (n == 0) return 100;
                                          auto deeper = self->call(down, n - 1);
                                          if (deeper) *deeper += 1;
                                          return deeper;
                                        }}});
  self = &enclave;
  EXPECT_EQ(enclave.call(down, 9u).value(), 104u);
}

// What the environment asks for, for the long runs of ./dev soak.
int count_from(const char* variable, int usual) {
  const char* wanted = std::getenv(variable);
  return wanted == nullptr ? usual : std::atoi(wanted);
}

// ADYTON_CALLS=10000000 for the long run.
TEST(Calls, ManyThreadsGetTheirOwnReplies) {
  constexpr int kThreads = 8;
  const int calls = count_from("ADYTON_CALLS", 16'000) / kThreads;
  auto enclave = launch();
  std::atomic<int> right = 0;
  {
    std::vector<std::jthread> threads;
    for (std::int64_t t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        int mine = 0;
        for (std::int64_t i = 0; i < calls; ++i) {
          const auto reply = enclave.call(add, t << 40, i);
          mine += reply && *reply == (t << 40) + i ? 1 : 0;
        }
        right += mine;
      });
    }
  }
  EXPECT_EQ(right, calls * kThreads) << "replies were lost or crossed";
}

TEST(Calls, ACrashIsAnErrorWithItsSignal) {
  auto enclave = launch();
  const auto result = enclave.call(crash);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(result.error().message.find("Aborted"), std::string::npos) << result.error().message;
  EXPECT_FALSE(enclave.call(add, 1, 1));
}

TEST(Calls, AnExitIsAnErrorWithItsStatus) {
  auto enclave = launch();
  const auto result = enclave.call(leave, 7);
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().message.find("exited with status 7"), std::string::npos) << result.error().message;
}

TEST(Calls, AStoppedEnclaveFailsItsCallsAndGoesOnWhenContinued) {
  auto enclave = launch();
  ASSERT_EQ(::kill(enclave.process_id(), SIGSTOP), 0);
  while (!every_thread_is_stopped(enclave.process_id())) std::this_thread::yield();
  const auto result = enclave.call(add, 1, 1);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(result.error().message.find("stopped by signal 19"), std::string::npos) << result.error().message;
  ASSERT_EQ(::kill(enclave.process_id(), SIGCONT), 0);
  while (!enclave.call(add, 1, 1)) std::this_thread::yield();
}

TEST(Calls, ADeadlineEndsACallThatNeverEnds) {
  auto enclave = launch();
  EXPECT_EQ(enclave.call({.timeout = 50ms}, sleep_for_ever).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(enclave.call(add, 1, 1).value(), 2);
}

TEST(Calls, SigkillDuringACallIsAnError) {
  auto enclave = launch();
  auto pending = std::async(std::launch::async, [&] { return enclave.call(sleep_for_ever); });
  ::kill(enclave.process_id(), SIGKILL);
  EXPECT_EQ(pending.get().error().code, ErrorCode::kUnavailable);
}

TEST(Calls, OutputComesInWholeLines) {
  std::mutex mutex;
  std::vector<std::string> lines;
  {
    auto enclave = launch({.output = [&](bool, std::string_view line) {
      const std::scoped_lock lock(mutex);
      lines.emplace_back(line);
    }});
    ASSERT_TRUE(enclave.call(print, "one"));
    ASSERT_TRUE(enclave.call(print, "two"));
    ASSERT_TRUE(enclave.stop());
  }
  EXPECT_EQ(lines, (std::vector<std::string>{"one", "two"}));
}

TEST(Calls, SealingKeysAreTheSameAgainAndDifferByLabel) {
  auto first = launch().call(seal_key, "a");
  auto second = launch().call(seal_key, "a");
  auto third = launch().call(seal_key, "b");
  ASSERT_TRUE(first && second && third);
  EXPECT_TRUE(*first == *second);
  EXPECT_FALSE(*first == *third);
}

TEST(Calls, ExpectationsOfSignerAndImageHold) {
  const auto identity = launch().identity();
  EXPECT_TRUE(Enclave::launch(image(), {.expect_signer = identity.signer, .expect_image = identity.image}));
  EXPECT_EQ(Enclave::launch(image(), {.expect_signer = adyton::Digest384{}}).error().code, ErrorCode::kUntrusted);
  EXPECT_EQ(Enclave::launch(image(), {.expect_image = adyton::Digest384{}}).error().code, ErrorCode::kUntrusted);
}

// ADYTON_LAUNCHES=10000 for the long run.
TEST(Calls, LaunchesLeaveNothingBehind) {
  launch();  // whatever is made once
  const int launches = count_from("ADYTON_LAUNCHES", 50);
  const std::size_t before = open_descriptors();
  std::set<int> processes;
  for (int i = 0; i < launches; ++i) {
    auto enclave = launch();
    if (i >= launches - 50) processes.insert(enclave.process_id());  // older numbers may be somebody else's by now
    ASSERT_EQ(enclave.call(add, i, 1).value(), i + 1);
  }
  EXPECT_EQ(open_descriptors(), before);
  for (const int process : processes) EXPECT_NE(::kill(process, 0), 0) << process;
}

}  // namespace
