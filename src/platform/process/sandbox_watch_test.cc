// SPDX-License-Identifier: Apache-2.0
// How a sandbox tells what becomes of its program, and how it ends it.
#include <csignal>
#include <cstdio>

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>

#include "platform/process/sandbox_fixture.h"
#include "platform/process/spawn.h"

namespace adyton {
namespace {

using SandboxWatchTest = SandboxTest;

// Waits until a process that need not be a child has ended.
bool await_end(const Descriptor& process) {
  pollfd event{process.get(), POLLIN, 0};
  return ::poll(&event, 1, static_cast<int>(std::chrono::milliseconds(kLongEnough).count())) == 1;
}

// The number after "PPid:" in /proc/PID/status.
int parent_of(int process) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  std::string word;
  while (status >> word) {
    if (word == "PPid:") {
      int parent = 0;
      status >> parent;
      return parent;
    }
  }
  return 0;
}

char state_of(int process) {
  std::ifstream stat("/proc/" + std::to_string(process) + "/stat");
  std::string text;
  std::getline(stat, text);
  const std::size_t end = text.rfind(')');
  return end == std::string::npos || end + 2 >= text.size() ? '?' : text[end + 2];
}

TEST_F(SandboxWatchTest, TellsHowItEnded) {
  EXPECT_EQ(run(spec("behaviour", {"exit", "0"})).text, "exited with status 0");
  EXPECT_EQ(run(spec("behaviour", {"exit", "3"})).text, "exited with status 3");
  const Exit crash = run(spec("behaviour", {"crash"}));
  EXPECT_TRUE(crash.signalled);
  EXPECT_EQ(crash.status, SIGSEGV);
  EXPECT_EQ(crash.text, "killed by signal 11 (Segmentation fault)");
  EXPECT_EQ(run(spec("behaviour", {"abort"})).text, "killed by signal 6 (Aborted)");
}

TEST_F(SandboxWatchTest, EndComesAfterTheLastLine) {
  run(spec("behaviour", {"count", "3000"}));
  const auto lines = record_->lines();
  ASSERT_EQ(lines.size(), 3001u);
  EXPECT_EQ(lines.front(), "line 0");
  EXPECT_EQ(lines[2999], "line 2999");
  EXPECT_EQ(lines.back(), "<exited with status 0>");
}

TEST_F(SandboxWatchTest, LinesAreBounded) {
  auto wanted = spec("behaviour", {"long", "1000"});
  wanted.line_bytes = 300;
  run(wanted);
  const std::vector<std::string> expected = {
      std::string(300, 'x'),   std::string(300, 'x'), std::string(300, 'x'), std::string(100, 'x'), "end",
      "<exited with status 0>"};
  EXPECT_EQ(record_->lines(), expected);
}

TEST_F(SandboxWatchTest, AFloodDoesNotHideTheEnd) {
  auto wanted = spec("behaviour", {"flood"});
  std::atomic<std::size_t> lines = 0;
  wanted.on_line = [&lines](StandardStream, std::string_view) { ++lines; };
  auto sandboxed = launch(wanted);
  ASSERT_TRUE(sandboxed);
  while (lines < 100'000) std::this_thread::yield();
  sandboxed->kill();
  const auto exit = sandboxed->wait(kLongEnough);
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->text, "killed by signal 9 (Killed)");
}

TEST_F(SandboxWatchTest, AProgramThatClosesItsStreamsIsStillWatched) {
  auto sandboxed = launch(spec("behaviour", {"silent"}));
  ASSERT_TRUE(sandboxed);
  EXPECT_FALSE(sandboxed->wait(std::chrono::milliseconds(20)));
  sandboxed->kill();
  ASSERT_TRUE(sandboxed->wait(kLongEnough));
}

TEST_F(SandboxWatchTest, StoppedAndContinued) {
  auto wanted = spec("behaviour", {"stop"});
  wanted.stop_grace = std::chrono::milliseconds(20);
  auto sandboxed = launch(wanted);
  ASSERT_TRUE(sandboxed);
  ASSERT_TRUE(record_->await("<stopped by 19>"));
  EXPECT_FALSE(record_->has("continued"));
  ASSERT_EQ(::kill(sandboxed->process_id(), SIGCONT), 0);
  EXPECT_TRUE(record_->await("<continued>"));
  EXPECT_TRUE(record_->await("waiting"));
  ASSERT_EQ(::kill(sandboxed->process_id(), SIGSTOP), 0);
  while (state_of(sandboxed->process_id()) != 'T') std::this_thread::yield();
  sandboxed->kill();
  const auto exit = sandboxed->wait(kLongEnough);
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->status, SIGKILL);
}

TEST_F(SandboxWatchTest, AShortStopIsNoNews) {
  auto wanted = spec("behaviour", {"stop"});
  wanted.stop_grace = kLongEnough;
  auto sandboxed = launch(wanted);
  ASSERT_TRUE(sandboxed);
  ASSERT_TRUE(record_->await("stopping"));
  while (state_of(sandboxed->process_id()) != 'T') std::this_thread::yield();
  ASSERT_EQ(::kill(sandboxed->process_id(), SIGCONT), 0);
  ASSERT_TRUE(record_->await("waiting"));
  EXPECT_FALSE(record_->has("<continued>"));
}

TEST_F(SandboxWatchTest, TheSupervisorSleeps) {
  auto sandboxed = launch(spec("behaviour", {"wait"}));
  ASSERT_TRUE(sandboxed);
  ASSERT_TRUE(record_->await("waiting"));
  const int supervisor = parent_of(sandboxed->process_id());
  for (int asleep = 0; asleep < 100;) {  // one that spins is never seen asleep so often in a row
    asleep = state_of(supervisor) == 'S' ? asleep + 1 : 0;
    std::this_thread::yield();
  }
}

TEST_F(SandboxWatchTest, DestroyingEndsIt) {
  auto sandboxed = launch(spec("behaviour", {"wait"}));
  ASSERT_TRUE(sandboxed);
  auto process = open_process(sandboxed->process_id());
  auto supervisor = open_process(parent_of(sandboxed->process_id()));
  ASSERT_TRUE(process && supervisor);
  sandboxed.reset();
  EXPECT_TRUE(await_end(*process));
  EXPECT_TRUE(await_end(*supervisor));
  EXPECT_TRUE(record_->has("<killed by signal 9 (Killed)>"));
}

TEST_F(SandboxWatchTest, AKilledSupervisorTakesItAlong) {
  auto sandboxed = launch(spec("behaviour", {"wait"}));
  ASSERT_TRUE(sandboxed);
  auto process = open_process(sandboxed->process_id());
  auto supervisor = open_process(parent_of(sandboxed->process_id()));
  ASSERT_TRUE(process && supervisor);
  kill_process(*supervisor);
  EXPECT_TRUE(await_end(*process));
  const auto exit = sandboxed->wait(kLongEnough);
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->text, "ended because its supervisor was killed");
}

TEST_F(SandboxWatchTest, AStoppedSupervisorCannotKeepIt) {
  auto sandboxed = launch(spec("behaviour", {"wait"}));
  ASSERT_TRUE(sandboxed);
  auto process = open_process(sandboxed->process_id());
  const int supervisor = parent_of(sandboxed->process_id());
  ASSERT_TRUE(process);
  ASSERT_EQ(::kill(supervisor, SIGSTOP), 0);
  sandboxed.reset();
  EXPECT_TRUE(await_end(*process));
}

// Runs this test program again with one disabled test, its output to a pipe.
struct Again {
  pid_t process = 0;
  Descriptor output;
};
Again run_again(const char* test, int input = -1) {
  int pipe[2];
  if (::pipe2(pipe, O_CLOEXEC) != 0) return {};
  const std::string filter = std::string("--gtest_filter=") + test;
  const pid_t process = ::fork();
  if (process == 0) {
    ::dup2(pipe[1], STDOUT_FILENO);
    ::dup2(pipe[1], STDERR_FILENO);
    if (input >= 0) ::dup2(input, STDIN_FILENO);
    ::execl("/proc/self/exe", "sandbox", filter.c_str(), "--gtest_also_run_disabled_tests", nullptr);
    ::_exit(127);
  }
  ::close(pipe[1]);
  return {process, Descriptor(pipe[0])};
}

// The rest of the first line in the output that starts with `start`.
std::string line_after(const Descriptor& output, const std::string& start) {
  std::string text;
  char byte = 0;
  while (::read(output.get(), &byte, 1) == 1) {
    if (byte != '\n') {
      text.push_back(byte);
      continue;
    }
    if (const std::size_t at = text.find(start); at != std::string::npos) return text.substr(at + start.size());
    text.clear();
  }
  return "";
}

// Not a test: a host that launches and waits to be killed.
TEST_F(SandboxWatchTest, DISABLED_HostToBeKilled) {
  auto sandboxed = launch(spec("behaviour", {"wait"}));
  ASSERT_TRUE(sandboxed && record_->await("waiting"));
  // A child of the host that shares everything it has, and lives on: it must not keep the enclave alive.
  if (::fork() == 0) {
    for (;;) ::pause();
  }
  std::printf("enclave %d\n", sandboxed->process_id());
  std::fflush(stdout);
  EXPECT_TRUE(sandboxed->wait(std::chrono::nanoseconds(0)));
}

TEST_F(SandboxWatchTest, TheHostsDeathEndsIt) {
  const Again host = run_again("SandboxWatchTest.DISABLED_HostToBeKilled");
  const int enclave = std::atoi(line_after(host.output, "enclave ").c_str());
  ASSERT_GT(enclave, 0);
  auto process = open_process(enclave);
  auto supervisor = open_process(parent_of(enclave));
  ASSERT_TRUE(process && supervisor);
  std::vector<Descriptor> others;  // the host's child, found by its parent
  std::ifstream children("/proc/" + std::to_string(host.process) + "/task/" + std::to_string(host.process) +
                         "/children");
  for (int child = 0; children >> child;) {
    if (auto opened = open_process(child); opened && child != parent_of(enclave)) others.push_back(*std::move(opened));
  }
  EXPECT_EQ(others.size(), 1u);
  ::kill(host.process, SIGKILL);
  ::waitpid(host.process, nullptr, 0);
  EXPECT_TRUE(await_end(*process));
  EXPECT_TRUE(await_end(*supervisor));
  for (const Descriptor& other : others) kill_process(other);
}

// Not a test: a host whose program has its streams.
TEST_F(SandboxWatchTest, DISABLED_HostOfAProgramOfItsOwn) {
  auto wanted = spec("behaviour", {"echo"});
  wanted.inherit_stdio = true;
  std::printf("status %s\n", run(wanted).text.c_str());
  std::fflush(stdout);
}

TEST_F(SandboxWatchTest, InheritsStreamsIfTold) {
  int input[2];
  ASSERT_EQ(::pipe2(input, O_CLOEXEC), 0);
  ASSERT_EQ(::write(input[1], "through\n", 8), 8);
  ::close(input[1]);
  const Again host = run_again("SandboxWatchTest.DISABLED_HostOfAProgramOfItsOwn", input[0]);
  ::close(input[0]);
  EXPECT_EQ(line_after(host.output, "through"), "");
  EXPECT_EQ(line_after(host.output, "to standard "), "error");
  EXPECT_EQ(line_after(host.output, "status "), "exited with status 0");
  ::waitpid(host.process, nullptr, 0);
}

}  // namespace
}  // namespace adyton
