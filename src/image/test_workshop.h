// SPDX-License-Identifier: Apache-2.0
// Real programs for tests: made by the machine's own compiler, changed by its own tools, and run.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <adyton/bytes.h>

namespace adyton {

// A folder of a test's own, removed at its end.
class Workshop {
 public:
  Workshop() {
    std::string name = testing::TempDir() + "adyton-image-XXXXXX";
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  Workshop(const Workshop&) = delete;
  Workshop& operator=(const Workshop&) = delete;
  ~Workshop() { std::filesystem::remove_all(folder_); }

  struct Outcome {
    int status = 0;      // exit status; 128 and the signal, if it ended by one
    std::string output;  // standard output and error
    bool operator==(const Outcome&) const = default;
  };
  Outcome run(const std::string& command) const {
    const int status = std::system(("cd " + folder_.string() + " && ( " + command + " ) > output 2>&1").c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), std::string(as_text(read("output")))};
  }

  Bytes read(const std::string& name) const {
    std::ifstream file(folder_ / name, std::ios::binary);
    return to_bytes(std::string(std::istreambuf_iterator<char>(file), {}));
  }
  std::filesystem::path write(const std::string& name, BytesView bytes) const {
    const auto path = folder_ / name;
    std::ofstream(path, std::ios::binary) << as_text(bytes);
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    return path;
  }

  // What `g++ FLAGS` makes of a source, in C++ unless the flags say otherwise.
  Bytes link(std::string_view source, const std::string& flags) const {
    write("program.cc", as_bytes(source));
    const Outcome outcome = run("g++ " + flags + " -o program program.cc");
    EXPECT_EQ(outcome.status, 0) << outcome.output;
    return read("program");
  }

  Outcome execute(BytesView program) const {
    write("executed", program);
    return run("exec ./executed");
  }

 private:
  std::filesystem::path folder_;
};

// A program with thread-local storage (errno), that prints.
inline constexpr std::string_view kHello = R"(
#include <cstdio>
#include <cerrno>
int main(int argc, char**) { errno = argc; return std::printf("hello %d\n", errno) == 8 ? 7 : 1; }
)";

}  // namespace adyton
