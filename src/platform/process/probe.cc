// SPDX-License-Identifier: Apache-2.0
// What the process back-end finds on this machine, by trying it all once (process_backend.h).
#include <cerrno>
#include <charconv>
#include <fstream>
#include <map>
#include <mutex>

#include <unistd.h>

#include "base/error.h"
#include "platform/process/process_backend.h"
#include "platform/process/supervisor/probe_payload.h"
#include "platform/process/supervisor_program.h"

namespace adyton {
namespace {

using Findings = std::map<std::string, long long, std::less<>>;

std::string amount(long long bytes) {
  return bytes >= 1 << 30   ? fmt::format("{} GiB", bytes >> 30)
         : bytes >= 1 << 20 ? fmt::format("{} MiB", bytes >> 20)
                            : fmt::format("{} KiB", bytes >> 10);
}

Check secret_memory(const Findings& found) {
  Check check{.name = "memfd_secret", .state = Check::State::kOk, .detail = "", .remedy = ""};
  const auto bytes = found.find("secret_bytes");
  const auto error = found.find("secret_error");
  if (bytes != found.end() && bytes->second > 0) {
    check.detail = "at least " + amount(bytes->second) + " of memory that not even root reads";
    return check;
  }
  check.state = Check::State::kDegraded;
  check.detail =
      fmt::format("{}: root can read an enclave's memory",
                  error == found.end() ? "the probe did not end" : errno_text(static_cast<int>(error->second)));
  check.remedy = "use Linux 5.14 or newer; before 6.5 put secretmem.enable=1 on the kernel command line";
  return check;
}

Check hidden(const Findings& found) {
  Check check{.name = "hidden process",
              .state = Check::State::kOk,
              .detail = "no core file, no /proc/PID/mem, no debugger without root's rights",
              .remedy = ""};
  const auto dumpable = found.find("dumpable");
  if (dumpable == found.end() || dumpable->second == 1) {
    check.state = Check::State::kDegraded;
    check.detail = "the kernel did not hide a process whose executable nobody may read";
    check.remedy = "use a kernel that does (every Linux since 4.10)";
  }
  return check;
}

Check user() {
  const auto id = ::geteuid();
  return {.name = "user",
          .state = Check::State::kOk,
          .detail = id == 0 ? "root: each enclave gets a user id of its own, if there are others (own user)"
                            : fmt::format("{}, an ordinary user: enclaves run under this user id", id),
          .remedy = ""};
}

// Yama does not matter to an enclave, which is hidden anyway; it does to the host program.
Check yama() {
  Check check{.name = "ptrace scope",
              .state = Check::State::kOk,
              .detail = "no Yama: programs of one user may trace each other",
              .remedy = ""};
  std::ifstream file("/proc/sys/kernel/yama/ptrace_scope");
  int scope = 0;
  if (file >> scope) check.detail = fmt::format("Yama's ptrace_scope is {}", scope);
  return check;
}

}  // namespace

std::vector<Check> ProcessBackend::probe() const {
  std::vector<Check> checks = {user()};
  Findings found;
  SandboxSpec spec;
  spec.name = supervisor::kProbeName;
  spec.executable = supervisor_program();
  spec.on_line = [&found](StandardStream, std::string_view line) {
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos) return;
    long long number = 0;
    std::from_chars(line.data() + space + 1, line.data() + line.size(), number);
    found[std::string(line.substr(0, space))] = number;
  };
  const auto attempt = [&]() -> Result<std::vector<LayerState>> {
    SandboxLauncher* sandboxes = TRY(launcher());
    const auto sandboxed = TRY(sandboxes->launch(spec));
    TRY(sandboxed->wait(std::chrono::seconds(10)));
    return sandboxed->layers();
  };
  const auto layers = attempt();
  if (!layers) {
    checks.push_back({.name = "sandbox",
                      .state = Check::State::kMissing,
                      .detail = layers.error().message,
                      .remedy = "allow seccomp filters, no_new_privs and executable memory files here; in a container, "
                                "use a security profile that does"});
    return checks;
  }
  checks.push_back({.name = "seccomp", .state = Check::State::kOk, .detail = "tried, and had", .remedy = ""});
  checks.push_back(
      {.name = "memory files", .state = Check::State::kOk, .detail = "sealed, and executed", .remedy = ""});
  for (const LayerState& state : *layers) checks.push_back(check_of(state));
  checks.push_back(secret_memory(found));
  checks.push_back(hidden(found));
  checks.push_back(yama());
  return checks;
}

}  // namespace adyton
