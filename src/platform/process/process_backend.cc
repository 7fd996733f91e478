// SPDX-License-Identifier: Apache-2.0
#include "platform/process/process_backend.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include <fcntl.h>

#include "base/error.h"
#include "call/boot.h"
#include "platform/builtin_calls.h"
#include "platform/process/process_instance.h"
#include "platform/process/supervisor/sys.h"

namespace adyton {
namespace {

// Leaves the SIGSTOP behind that held the enclave, and goes to main(). (docs/process.md)
constexpr std::string_view kDebuggerSteps = "-ex 'handle SIGSTOP nostop noprint nopass' -ex 'break main' -ex continue";
constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;

// The C library reserves address space per thread and uses little of it; this keeps only a runaway in bounds.
std::uint64_t address_space_of(const Manifest& manifest, std::size_t image_bytes, std::size_t channel_bytes) {
  const std::uint64_t threads = manifest.threads + 32;
  return 2 * manifest.memory.heap_bytes + 2 * threads * manifest.memory.stack_bytes + image_bytes + channel_bytes +
         threads * (kGiB / 4) + 4 * kGiB;
}

// What the enclave wants to keep secret: heap and main stack at the least.
std::uint64_t secret_bytes_of(const Manifest& manifest) {
  return manifest.memory.heap_bytes + manifest.memory.stack_bytes;
}

Result<std::vector<std::string>> environment_of(const Manifest& manifest, const LaunchConfig& config) {
  const auto& memory = manifest.memory;
  const int secret = manifest.debug ? 0 : memory.require_secret ? 2 : 1;
  std::vector<std::string> out = {
      fmt::format("ADYTON_BOOT=heap={};stack={};secret={}", memory.heap_bytes, memory.stack_bytes, secret),
      fmt::format("ADYTON_CHANNEL={}", supervisor::kChannelDescriptor)};
  for (const auto& [name, value] : config.environment) {
    if (name.starts_with("ADYTON_") || std::ranges::find(manifest.environment, name) == manifest.environment.end()) {
      return denied("the manifest of {} does not list the environment variable {}", manifest.name, name);
    }
    if (name.empty() || name.contains('=')) return invalid("'{}' is no name of an environment variable", name);
    out.push_back(name + "=" + value);
  }
  return out;
}

// Before anything is started: what can be known to fail.
Result<void> check_secret_memory(const Manifest& manifest) {
  if (!manifest.memory.require_secret) return {};
  if (manifest.debug) {
    return denied("{} requires secret memory and is a debug image, whose memory is not secret", manifest.name);
  }
  const int error = supervisor::try_secret_memory(kPage);
  if (error == 0 || error == -EAGAIN) return {};  // EAGAIN: only this process's limit
  return unavailable(
      "{} requires secret memory, and this machine has none (memfd_secret: {}); it needs Linux 5.14 or "
      "newer, before 6.5 with secretmem.enable=1 on the kernel command line",
      manifest.name, errno_text(-error));
}

// The layers that are missing, in the log. Locked memory only if it is too little for this image.
Result<void> tell_layers(const Sandboxed& sandboxed, const Manifest& manifest,
                         const std::function<void(std::string_view)>& log) {
  for (const LayerState& state : sandboxed.layers()) {
    if (state.error == 0) continue;
    if (state.layer == supervisor::Layer::kLockedMemory) {
      const auto limit = static_cast<std::uint64_t>(state.detail) * 1024;
      if (manifest.debug || limit >= secret_bytes_of(manifest)) continue;
      if (manifest.memory.require_secret) {
        return unavailable("{} requires {} bytes of secret memory, and this user may lock {}; {}", manifest.name,
                           secret_bytes_of(manifest), limit, check_of(state).remedy);
      }
    }
    log(fmt::format("{}: {}", manifest.name, describe_missing(state)));
  }
  return {};
}

}  // namespace

Result<SandboxLauncher*> ProcessBackend::launcher() const {
  const std::lock_guard lock(mutex_);
  if (launcher_ == nullptr) launcher_ = TRY(SandboxLauncher::make());
  return launcher_.get();
}

Result<std::vector<Measurement>> ProcessBackend::measure(const VerifiedImage& image) const {
  return std::vector<Measurement>{{.name = "image", .value = to_bytes(image.identity().image)}};
}

Result<std::unique_ptr<Instance>> ProcessBackend::launch(const VerifiedImage& image, LaunchConfig config) {
  const Manifest& manifest = image.image().manifest();
  TRY(check_secret_memory(manifest));
  if (!config.log) config.log = [](std::string_view line) { fmt::print(stderr, "adyton: {}\n", printable(line)); };

  SandboxSpec spec;
  spec.name = manifest.name;
  spec.executable = image.image().plan().executable;
  spec.arguments = config.arguments;
  spec.environment = TRY(environment_of(manifest, config));
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
      TRY(encode_boot({.backend = std::string(name()),
                       .manifest = to_bytes(image.image().manifest_bytes()),
                       .image = image.identity().image,
                       .signer = image.identity().signer,
                       .storage = config.storage != nullptr,
                       .message_bytes = config.limits.message_bytes,
                       .spin_us = static_cast<std::uint64_t>(std::max<std::int64_t>(config.limits.spin.count(), 0))}));
  const ChannelLayout layout{.lanes_to_enclave = manifest.threads};
  SharedMemory memory = TRY(SharedMemory::make(Endpoint::memory_bytes(layout, boot.size())));
  spec.address_space_bytes = address_space_of(manifest, spec.executable.size(), memory.bytes().size());

  // The calls that every host answers come first: a name answered twice is answered by the first.
  Handlers handlers = builtin_handlers(std::string(name()), image.identity(), config.storage, root_);
  handlers.add(config.host_calls);

  const Descriptor channel(::fcntl(memory.descriptor().get(), F_DUPFD_CLOEXEC, 3));
  if (!channel.valid()) return io_error("the channel's descriptor: {}", errno_text(errno));
  spec.channel = channel.get();
  auto endpoint = TRY(Endpoint::make_host(std::move(memory), layout, boot, std::move(handlers), config.limits));
  auto instance = std::make_unique<ProcessInstance>(manifest.name, std::move(endpoint), config);
  instance->listen_to(spec);
  SandboxLauncher* sandboxes = TRY(launcher());
  auto sandboxed = TRY(sandboxes->launch(std::move(spec)));
  TRY(tell_layers(*sandboxed, manifest, config.log));
  if (config.wait_for_debugger) {
    config.log(fmt::format("{} waits before its first instruction: gdb -p {} IMAGE {}", manifest.name,
                           sandboxed->process_id(), kDebuggerSteps));
  }
  instance->own(std::move(sandboxed));
  return instance;
}

}  // namespace adyton
