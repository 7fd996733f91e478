// SPDX-License-Identifier: Apache-2.0
#include "platform/process/process_instance.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include <poll.h>
#include <unistd.h>

#include "base/error.h"

namespace adyton {
namespace {

constexpr std::chrono::seconds kKillTime{10};  // a killed process needs far less, unless the kernel holds it

std::string described(const std::string& name, int process) {
  return fmt::format("enclave '{}' (pid {})", name, process);
}

void write_to_standard_error(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
    if (written < 0 && errno == EAGAIN) {
      pollfd room{STDERR_FILENO, POLLOUT, 0};
      ::poll(&room, 1, -1);
    } else if (written < 0 && errno != EINTR) {
      return;  // nobody to tell
    }
    if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

ProcessInstance::ProcessInstance(std::string name, std::unique_ptr<Endpoint> endpoint, const LaunchConfig& config,
                                 Debugger debugger)
    : name_(std::move(name)),
      endpoint_(std::move(endpoint)),
      stop_grace_(config.stop_grace),
      debugger_(debugger),
      output_(config.output) {
  if (!output_) {
    output_ = [this](StandardStream, std::string_view line) { fmt::print(stderr, "{}: {}\n", name_, printable(line)); };
  }
}

void ProcessInstance::listen_to(SandboxSpec& spec) {
  spec.on_line = output_;
  if (names_) {
    spec.on_line = [this](StandardStream stream, std::string_view line) {
      output_(stream, stream == StandardStream::kError ? names_->line(line) : line);
    };
  }
  if (names_ && spec.inherit_stdio && !spec.wait_for_debugger) {
    errors_.emplace(*names_, &write_to_standard_error);
    spec.on_error_text = [this](std::string_view text) { errors_->feed(text); };
  }
  spec.on_stopped = [this](int process, int signal) {
    const char* text = ::sigdescr_np(signal);
    endpoint_->suspend(unavailable("{} is stopped by signal {} ({}); continue it, or end it", described(name_, process),
                                   signal, text == nullptr ? "unknown" : text));
  };
  spec.on_continued = [this] { endpoint_->resume(); };
  spec.on_end = [this](int process, const Exit& exit) {
    if (errors_) errors_->finish();
    endpoint_->close(unavailable("{} {}{}", described(name_, process), exit.signalled ? "was " : "", exit.text));
  };
}

Result<Exit> ProcessInstance::stop() {
  endpoint_->ask_to_stop();
  if (auto exit = sandboxed_->wait(std::max(stop_grace_, std::chrono::milliseconds(1)))) return exit;
  sandboxed_->kill();
  return sandboxed_->wait(kKillTime);
}

}  // namespace adyton
