// SPDX-License-Identifier: Apache-2.0
// Launches the program that is an enclave, or that runs one inside of itself, in the sandbox and with its channel: what
// the back-ends whose enclaves live in a process of their own have in common.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "platform/backend.h"
#include "platform/process/process_instance.h"
#include "platform/process/sandbox.h"

namespace adyton {

struct EnclaveProgram {
  std::string_view backend;  // its name
  Handlers builtin;          // the calls that every host of it answers
  // What the back-end decides: executable, environment, payload, limit of address space without the channel's.
  // Names, arguments, streams, files, ports and the channel are the manifest's and the configuration's.
  SandboxSpec spec;
  ProcessInstance::Debugger debugger = nullptr;
  std::uint64_t secret_bytes = 0;  // memory that is to be locked, in bytes; 0: none
};

// "NAME=value": where the channel is, then the configuration's variables. Errors: denied (the manifest does not list
// one), invalid (a name that is none).
Result<std::vector<std::string>> enclave_environment(const Manifest& manifest, const LaunchConfig& config);

// Errors: as Backend::launch().
Result<std::unique_ptr<Instance>> launch_enclave_process(SandboxLauncher& sandboxes, const VerifiedImage& image,
                                                         LaunchConfig config, EnclaveProgram program);

}  // namespace adyton
