// SPDX-License-Identifier: Apache-2.0
#include "platform/process/enclave_process.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include <fcntl.h>

#include "base/error.h"
#include "call/boot.h"

namespace adyton {
namespace {

// Words as a shell wants them.
std::string command_of(const std::vector<std::string>& words) {
  std::string out = "gdb";
  for (const std::string& word : words) {
    out += word.contains(' ') || word.contains('$') ? fmt::format(" '{}'", word) : " " + word;
  }
  return out;
}

// The layers that are missing, in the log. Locked memory only if it is too little for this image.
Result<void> tell_layers(const Sandboxed& sandboxed, const Manifest& manifest, std::uint64_t secret_bytes,
                         const std::function<void(std::string_view)>& log) {
  for (const LayerState& state : sandboxed.layers()) {
    if (state.error == 0) continue;
    if (state.layer == supervisor::Layer::kLockedMemory) {
      const auto limit = static_cast<std::uint64_t>(state.detail) * 1024;
      if (limit >= secret_bytes) continue;
      if (manifest.memory.require_secret) {
        return unavailable("{} requires {} bytes of secret memory, and this user may lock {}; {}", manifest.name,
                           secret_bytes, limit, check_of(state).remedy);
      }
    }
    log(fmt::format("{}: {}", manifest.name, describe_missing(state)));
  }
  return {};
}

}  // namespace

Result<std::vector<std::string>> enclave_environment(const Manifest& manifest, const LaunchConfig& config) {
  std::vector<std::string> out = {fmt::format("ADYTON_CHANNEL={}", supervisor::kChannelDescriptor)};
  for (const auto& [name, value] : config.environment) {
    if (name.starts_with("ADYTON_") || std::ranges::find(manifest.environment, name) == manifest.environment.end()) {
      return denied("the manifest of {} does not list the environment variable {}", manifest.name, name);
    }
    if (name.empty() || name.contains('=')) return invalid("'{}' is no name of an environment variable", name);
    out.push_back(name + "=" + value);
  }
  return out;
}

Result<std::unique_ptr<Instance>> launch_enclave_process(SandboxLauncher& sandboxes, const VerifiedImage& image,
                                                         LaunchConfig config, EnclaveProgram program) {
  const Manifest& manifest = image.image().manifest();
  if (!config.log) config.log = [](std::string_view line) { fmt::print(stderr, "adyton: {}\n", printable(line)); };

  SandboxSpec& spec = program.spec;
  spec.name = manifest.name;
  spec.arguments = config.arguments;
  spec.inherit_stdio = config.inherit_stdio;
  spec.debuggable = manifest.debug;
  spec.wait_for_debugger = config.wait_for_debugger;
  spec.read_paths = manifest.files.read;
  spec.write_paths = manifest.files.write;
  spec.connect_ports = manifest.network.connect;
  spec.listen_ports = manifest.network.listen;
  spec.stack_bytes = manifest.memory.stack_bytes;
  if (!manifest.network.connect.empty() || !manifest.network.listen.empty()) spec.open_files = 4096;

  const Bytes boot =
      TRY(encode_boot({.backend = std::string(program.backend),
                       .manifest = to_bytes(image.image().manifest_bytes()),
                       .image = image.identity().image,
                       .signer = image.identity().signer,
                       .storage = config.storage != nullptr,
                       .message_bytes = config.limits.message_bytes,
                       .spin_us = static_cast<std::uint64_t>(std::max<std::int64_t>(config.limits.spin.count(), 0))}));
  const ChannelLayout layout{.lanes_to_enclave = manifest.threads};
  SharedMemory memory = TRY(SharedMemory::make(Endpoint::memory_bytes(layout, boot.size())));
  spec.address_space_bytes += memory.bytes().size();

  // The calls that every host answers come first: a name answered twice is answered by the first.
  Handlers handlers = std::move(program.builtin);
  handlers.add(config.host_calls);

  const Descriptor channel(::fcntl(memory.descriptor().get(), F_DUPFD_CLOEXEC, 3));
  if (!channel.valid()) return io_error("the channel's descriptor: {}", errno_text(errno));
  spec.channel = channel.get();
  auto endpoint = TRY(Endpoint::make_host(std::move(memory), layout, boot, std::move(handlers), config.limits));
  auto instance = std::make_unique<ProcessInstance>(manifest.name, std::move(endpoint), config, program.debugger);
  if (manifest.debug) {
    if (auto names = FunctionNames::read(image.image().file())) instance->know_functions(*std::move(names));
  }
  instance->listen_to(spec);
  auto sandboxed = TRY(sandboxes.launch(std::move(spec)));
  TRY(tell_layers(*sandboxed, manifest, program.secret_bytes, config.log));
  if (config.wait_for_debugger) {
    config.log(fmt::format("{} waits before its first instruction: {}", manifest.name,
                           command_of(program.debugger("IMAGE", sandboxed->process_id()))));
  }
  instance->own(std::move(sandboxed));
  return instance;
}

}  // namespace adyton
