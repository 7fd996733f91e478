// SPDX-License-Identifier: Apache-2.0
// A running enclave of the process back-end: a sandboxed program and the host's end of its channel.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "platform/backend.h"
#include "platform/backtrace_names.h"
#include "platform/process/sandbox.h"

namespace adyton {

class ProcessInstance : public Instance {
 public:
  // gdb's arguments for the enclave that is the process, or in the process, with this id.
  using Debugger = std::vector<std::string> (*)(std::string_view image, int process_id);

  ProcessInstance(std::string name, std::unique_ptr<Endpoint> endpoint, const LaunchConfig& config, Debugger debugger);

  // Of a debug image, before listen_to(): for the backtrace of a crash.
  void know_functions(FunctionNames names) { names_.emplace(std::move(names)); }

  // Two steps, because the sandbox's thread may call before its launch returns: first what it calls, then what it is.
  void listen_to(SandboxSpec& spec);
  void own(std::unique_ptr<Sandboxed> sandboxed) { sandboxed_ = std::move(sandboxed); }

  Endpoint& endpoint() override { return *endpoint_; }
  [[nodiscard]] int process_id() const override { return sandboxed_->process_id(); }
  [[nodiscard]] std::vector<std::string> debugger_arguments(std::string_view image) const override {
    return debugger_(image, process_id());
  }
  Result<Exit> wait(std::chrono::nanoseconds timeout) override { return sandboxed_->wait(timeout); }
  Result<Exit> stop() override;

 private:
  std::string name_;
  std::unique_ptr<Endpoint> endpoint_;
  std::chrono::milliseconds stop_grace_;
  Debugger debugger_;
  std::function<void(StandardStream, std::string_view)> output_;
  std::optional<BacktraceNames> names_;
  std::optional<BacktraceStream> errors_;
  std::unique_ptr<Sandboxed> sandboxed_;  // last, so that its thread is gone before what it calls
};

}  // namespace adyton
