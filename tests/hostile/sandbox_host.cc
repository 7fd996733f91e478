// SPDX-License-Identifier: Apache-2.0
// A host of one sandbox, for the tests that need a host of their own, to kill or to confine. Usage:
// sandbox_host PROGRAM wait|echo|missing
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>

#include <unistd.h>

#include "platform/process/sandbox.h"

namespace adyton {
namespace {

int host(const char* program, const std::string& act) {
  std::ifstream file(program, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  auto launcher = SandboxLauncher::make();
  SandboxSpec spec;
  spec.name = "hosted";
  spec.executable = as_bytes(bytes);
  spec.arguments = {act == "missing" ? "exit" : act, "0"};
  spec.inherit_stdio = act == "echo";
  auto sandboxed = launcher ? (*launcher)->launch(std::move(spec)) : std::move(launcher).error();
  if (!sandboxed) {
    std::printf("error %s\n", sandboxed.error().message.c_str());
    return 1;
  }
  if (act == "missing") {
    for (const LayerState& state : (*sandboxed)->layers()) {
      if (state.error == 0) continue;
      const BackendCheck check = check_of(state);
      std::printf("missing %s\n", check.name.c_str());
      if (check.remedy.empty() || !describe_missing(state).starts_with("no "))
        std::printf("error %s\n", check.name.c_str());
    }
    std::puts("end");
  }
  if (act == "wait") {
    // A child that shares everything the host has, and outlives it, must not keep the enclave alive.
    const pid_t child = ::fork();
    if (child == 0) {
      for (;;) ::pause();
    }
    std::printf("started %d %d\n", (*sandboxed)->process_id(), child);
  }
  std::fflush(stdout);
  const auto exit = (*sandboxed)->wait(std::chrono::nanoseconds(0));
  std::printf("status %s\n", exit ? exit->text.c_str() : "?");
  return 0;
}

}  // namespace
}  // namespace adyton

int main(int count, char** arguments) { return count == 3 ? adyton::host(arguments[1], arguments[2]) : 2; }
