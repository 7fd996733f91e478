// SPDX-License-Identifier: Apache-2.0
// What the tests of the sandbox share: programs to run, and what they printed.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <fstream>
#include <iterator>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "platform/process/sandbox.h"

namespace adyton {

inline constexpr std::chrono::minutes kLongEnough{1};  // a hang, not a slow machine

// The bytes of tests/hostile/NAME, built.
inline Bytes test_program(const std::string& name) {
  std::ifstream file(std::string(ADYTON_TEST_PROGRAMS) + "/hostile_" + name, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  return to_bytes(std::string_view(text));
}

// A running tests/hostile/sandbox_host with what it prints. Not reaped by itself.
struct Hosted {
  pid_t process = 0;
  Descriptor output;

  // The next line of output that has `part` in it; empty when the output ends first.
  std::string line_with(const std::string& part) {
    std::string line;
    char byte = 0;
    while (::read(output.get(), &byte, 1) == 1) {
      if (byte != '\n') {
        line.push_back(byte);
        continue;
      }
      if (line.find(part) != std::string::npos) return line;
      line.clear();
    }
    return "";
  }
};

// Starts it to do `act`, after `prepare` in its process.
inline Hosted start_host(const std::string& act, const std::function<bool()>& prepare = [] { return true; }) {
  const std::string folder = ADYTON_TEST_PROGRAMS;
  int pipe[2];
  if (::pipe2(pipe, O_CLOEXEC) != 0) return {};
  const pid_t process = ::fork();
  if (process == 0) {
    ::dup2(pipe[1], STDOUT_FILENO);
    ::dup2(pipe[1], STDERR_FILENO);
    // Opened first: who `prepare` becomes may not get to this folder.
    const int host = ::open((folder + "/hostile_sandbox_host").c_str(), O_RDONLY | O_CLOEXEC);
    const int program = ::open((folder + "/hostile_behaviour").c_str(), O_RDONLY);
    std::string name = "host", path = "/proc/self/fd/" + std::to_string(program), what = act;
    char* const arguments[] = {name.data(), path.data(), what.data(), nullptr};
    if (prepare()) ::fexecve(host, arguments, environ);
    ::_exit(127);
  }
  ::close(pipe[1]);
  return {process, Descriptor(pipe[0])};
}

// What happened to one sandbox. Thread-safe.
class Record {
 public:
  void add(std::string line) {
    const std::lock_guard lock(mutex_);
    lines_.push_back(std::move(line));
    changed_.notify_all();
  }
  std::vector<std::string> lines() const {
    const std::lock_guard lock(mutex_);
    return lines_;
  }
  bool has(const std::string& line) const {
    const auto all = lines();
    return std::find(all.begin(), all.end(), line) != all.end();
  }
  // Waits until the line is there; false after a long time.
  bool await(const std::string& line) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kLongEnough,
                             [&] { return std::find(lines_.begin(), lines_.end(), line) != lines_.end(); });
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
};

class SandboxTest : public testing::Test {
 protected:
  void SetUp() override {
    auto made = SandboxLauncher::make();
    ASSERT_TRUE(made) << made.error().message;
    launcher_ = *std::move(made);
  }

  // A specification that runs a test program and records everything: lines as they are, events as "<...>".
  SandboxSpec spec(const std::string& program, std::vector<std::string> arguments = {}) {
    if (program != program_name_) program_ = test_program(program);
    program_name_ = program;
    SandboxSpec spec;
    spec.name = program;
    spec.executable = program_;
    spec.arguments = std::move(arguments);
    auto record = record_ = std::make_shared<Record>();
    spec.on_line = [record](StandardStream, std::string_view line) { record->add(std::string(line)); };
    spec.on_stopped = [record](int, int signal) { record->add("<stopped by " + std::to_string(signal) + ">"); };
    spec.on_continued = [record] { record->add("<continued>"); };
    spec.on_end = [record](int, const Exit& exit) { record->add("<" + exit.text + ">"); };
    return spec;
  }

  std::unique_ptr<Sandboxed> launch(SandboxSpec wanted) {
    auto launched = launcher_->launch(std::move(wanted));
    EXPECT_TRUE(launched) << launched.error().message;
    return launched ? *std::move(launched) : nullptr;
  }

  // Runs to the end.
  Exit run(SandboxSpec wanted) {
    auto sandboxed = launch(std::move(wanted));
    if (sandboxed == nullptr) return {};
    auto exit = sandboxed->wait(kLongEnough);
    EXPECT_TRUE(exit) << exit.error().message;
    return exit ? *exit : Exit{};
  }

  std::unique_ptr<SandboxLauncher> launcher_;
  std::shared_ptr<Record> record_;
  Bytes program_;
  std::string program_name_;
};

}  // namespace adyton
