// SPDX-License-Identifier: Apache-2.0
// Launching and ending leaves nothing behind. ADYTON_LAUNCHES sets the number of launches.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <set>

#include <malloc.h>
#include <unistd.h>

#include "platform/process/sandbox_fixture.h"

namespace adyton {
namespace {

namespace fs = std::filesystem;
using SandboxLeakTest = SandboxTest;

std::size_t entries(const char* folder) {
  std::error_code error;
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder, error), fs::directory_iterator()));
}

std::size_t lines(const char* path) {
  std::ifstream file(path);
  return static_cast<std::size_t>(
      std::count(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>(), '\n'));
}

// Processes that this one is the parent of, zombies too.
std::size_t children() {
  std::size_t count = 0;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    std::ifstream file(entry.path() / "stat");
    std::string text;
    std::getline(file, text);
    const std::size_t name_end = text.rfind(')');  // then " STATE PARENT "
    if (name_end != std::string::npos && std::atoi(text.c_str() + name_end + 4) == ::getpid()) ++count;
  }
  return count;
}

// Asked for and not given back, by any thread.
std::size_t allocated_bytes() {
  const auto info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
}

std::size_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::size_t pages = 0;
  file >> pages >> pages;
  return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

TEST_F(SandboxLeakTest, LaunchingLeavesNothingBehind) {
  const char* wanted = std::getenv("ADYTON_LAUNCHES");
  const int launches = wanted == nullptr ? 200 : std::atoi(wanted);
  struct Ending {
    std::vector<std::string> arguments;
    bool by_itself;
  };
  const Ending endings[] = {
      {{"exit", "0"}, true}, {{"crash"}, true}, {{"wait"}, false}, {{"flood"}, false}, {{"show"}, false}};
  const auto once = [&](int i) {
    const Ending& ending = endings[static_cast<std::size_t>(i) % std::size(endings)];
    auto specification = spec("behaviour", ending.arguments);
    specification.on_line = nullptr;
    auto sandboxed = launch(std::move(specification));
    ASSERT_TRUE(sandboxed);
    ASSERT_TRUE(!ending.by_itself || sandboxed->wait(kLongEnough));
  };
  for (int i = 0; i < 20; ++i) once(i);  // until everything that is made once is there
  const std::size_t descriptors = entries("/proc/self/fd"), threads = entries("/proc/self/task"),
                    mounts = lines("/proc/self/mountinfo"), bytes = allocated_bytes();
  for (int i = 0; i < launches; ++i) {
    once(i);
    if (HasFatalFailure()) return;
    if (i % 1000 == 999) {
      std::printf("%d launches, %zu KiB\n", i + 1, resident_bytes() / 1024);
      std::fflush(stdout);
    }
  }
  EXPECT_EQ(entries("/proc/self/fd"), descriptors);
  EXPECT_EQ(entries("/proc/self/task"), threads);
  EXPECT_EQ(lines("/proc/self/mountinfo"), mounts);
  EXPECT_EQ(children(), 0u);
  EXPECT_LT(allocated_bytes(), bytes + (64u << 10));
}

TEST_F(SandboxLeakTest, FailedLaunchesLeaveNothingBehind) {
  const Bytes garbage = to_bytes(
      "\x7f"
      "ELF and nothing else");
  auto wanted = spec("behaviour");
  wanted.executable = garbage;
  EXPECT_FALSE(launcher_->launch(wanted));
  const std::size_t descriptors = entries("/proc/self/fd"), threads = entries("/proc/self/task");
  for (int i = 0; i < 50; ++i) EXPECT_FALSE(launcher_->launch(wanted));
  EXPECT_EQ(entries("/proc/self/fd"), descriptors);
  EXPECT_EQ(entries("/proc/self/task"), threads);
  EXPECT_EQ(children(), 0u);
}

TEST_F(SandboxLeakTest, ManyAtOnceFromManyThreads) {
  std::vector<std::thread> threads;
  std::atomic<int> good = 0;
  const Bytes program = test_program("behaviour");
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 10; ++i) {
        SandboxSpec wanted;
        wanted.name = "many";
        wanted.executable = program;
        wanted.arguments = {"exit", "7"};
        auto launched = launcher_->launch(std::move(wanted));
        if (!launched) continue;
        const auto exit = (*launched)->wait(kLongEnough);
        if (exit && exit->status == 7) ++good;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, 80);
  EXPECT_EQ(children(), 0u);
}

}  // namespace
}  // namespace adyton
