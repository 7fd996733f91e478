// SPDX-License-Identifier: Apache-2.0
#include "platform/process/process_instance.h"

#include <cstdio>
#include <cstring>

#include "base/error.h"

namespace adyton {
namespace {

constexpr std::chrono::seconds kKillTime{10};  // a killed process needs far less, unless the kernel holds it

std::string described(const std::string& name, int process) {
  return fmt::format("enclave '{}' (pid {})", name, process);
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
  spec.on_stopped = [this](int process, int signal) {
    const char* text = ::sigdescr_np(signal);
    endpoint_->suspend(unavailable("{} is stopped by signal {} ({}); continue it, or end it", described(name_, process),
                                   signal, text == nullptr ? "unknown" : text));
  };
  spec.on_continued = [this] { endpoint_->resume(); };
  spec.on_end = [this](int process, const Exit& exit) {
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
