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

TEST_F(SandboxWatchTest, AHostThatIgnoresItsChildrenIsToldAllTheSame) {
  struct sigaction before{}, ignored{};
  ignored.sa_handler = SIG_IGN;
  ::sigaction(SIGCHLD, &ignored, &before);
  const Exit exit = run(spec("behaviour", {"exit", "5"}));
  ::sigaction(SIGCHLD, &before, nullptr);
  EXPECT_EQ(exit.text, "exited with status 5");
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

TEST_F(SandboxWatchTest, TheHostsDeathEndsIt) {
  Hosted host = start_host("wait");
  int enclave = 0, other = 0;
  ASSERT_EQ(std::sscanf(host.line_with("started").c_str(), "started %d %d", &enclave, &other), 2);
  auto process = open_process(enclave);
  auto supervisor = open_process(parent_of(enclave));
  auto child = open_process(other);
  ASSERT_TRUE(process && supervisor && child);
  ::kill(host.process, SIGKILL);
  ::waitpid(host.process, nullptr, 0);
  EXPECT_TRUE(await_end(*process));
  EXPECT_TRUE(await_end(*supervisor));
  EXPECT_EQ(::kill(other, 0), 0) << "the host's child lives on";
  kill_process(*child);
}

TEST_F(SandboxWatchTest, ADebuggerComesToMain) {
  if (std::system("gdb --version > /dev/null 2>&1") != 0) GTEST_SKIP() << "no gdb here";
  auto wanted = spec("behaviour", {"count", "3"});
  wanted.debuggable = true;
  wanted.wait_for_debugger = true;
  auto sandboxed = launch(wanted);
  ASSERT_TRUE(sandboxed);
  while (state_of(sandboxed->process_id()) != 'T') std::this_thread::yield();  // the signal is on its way
  EXPECT_TRUE(record_->lines().empty());
  // As docs/process.md has it.
  const std::string command =
      "gdb -batch -p " + std::to_string(sandboxed->process_id()) +
      " " ADYTON_TEST_PROGRAMS
      "/hostile_behaviour -ex 'handle SIGSTOP nostop noprint nopass' -ex 'break main' -ex continue "
      "-ex 'print arguments[2]' -ex delete -ex continue 2>&1";
  const std::unique_ptr<FILE, decltype(&::pclose)> gdb(::popen(command.c_str(), "r"), &::pclose);
  std::string output;
  char text[4096];
  while (std::fgets(text, sizeof text, gdb.get()) != nullptr) output += text;
  if (output.find("ptrace: Operation not permitted") != std::string::npos) GTEST_SKIP() << "may not trace here";
  EXPECT_NE(output.find("Breakpoint 1, main (count=3"), std::string::npos) << output;
  EXPECT_NE(output.find("\"3\""), std::string::npos) << output;
  const auto exit = sandboxed->wait(kLongEnough);
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->text, "exited with status 0");
  EXPECT_TRUE(record_->has("line 2"));
}

TEST_F(SandboxWatchTest, InheritsStreamsIfTold) {
  int input[2];
  ASSERT_EQ(::pipe2(input, O_CLOEXEC), 0);
  ASSERT_EQ(::write(input[1], "through\n", 8), 8);
  ::close(input[1]);
  Hosted host = start_host("echo", [&] { return ::dup2(input[0], STDIN_FILENO) == 0; });
  ::close(input[0]);
  EXPECT_EQ(host.line_with("through"), "through");
  EXPECT_EQ(host.line_with("to standard"), "to standard error");
  EXPECT_EQ(host.line_with("status"), "status exited with status 0");
  ::waitpid(host.process, nullptr, 0);
}

}  // namespace
}  // namespace adyton
