// SPDX-License-Identifier: Apache-2.0
#include "platform/process/process_backend.h"

#include <cerrno>

#include "base/error.h"
#include "platform/builtin_calls.h"
#include "platform/process/enclave_process.h"
#include "platform/process/supervisor/sys.h"

namespace adyton {
namespace {

constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;

// The C library reserves address space per thread and uses little of it; this keeps only a runaway in bounds.
std::uint64_t address_space_of(const Manifest& manifest, std::size_t image_bytes) {
  const std::uint64_t threads = manifest.threads + 32;
  return 2 * manifest.memory.heap_bytes + 2 * threads * manifest.memory.stack_bytes + image_bytes +
         threads * (kGiB / 4) + 4 * kGiB;
}

// What the enclave wants to keep secret: heap and main stack at the least.
std::uint64_t secret_bytes_of(const Manifest& manifest) {
  return manifest.memory.heap_bytes + manifest.memory.stack_bytes;
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

// Leaves the SIGSTOP behind that held the enclave, and goes to main(). (docs/process.md)
std::vector<std::string> debugger_arguments(std::string_view image, int process_id) {
  return {"-q",  std::string(image),
          "-p",  std::to_string(process_id),
          "-ex", "handle SIGSTOP nostop noprint nopass",
          "-ex", "tbreak main",
          "-ex", "continue"};
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
  if (config.trace >= 0) {
    return unavailable(
        "on process, system calls are Linux's own, and its tracer shows them: `strace -f adyton run FILE`, or "
        "`strace -f -p PID` of a debug image that runs; or run it on sgx-emulated");
  }
  const Manifest::Memory& memory = manifest.memory;
  const int secret = manifest.debug ? 0 : memory.require_secret ? 2 : 1;
  EnclaveProgram program{.backend = name(),
                         .builtin = builtin_handlers(std::string(name()), image.identity(), config.storage, root_),
                         .debugger = &debugger_arguments,
                         .secret_bytes = manifest.debug ? 0 : secret_bytes_of(manifest)};
  program.spec.executable = image.image().plan().executable;
  program.spec.environment = TRY(enclave_environment(manifest, config));
  program.spec.environment.push_back(
      fmt::format("ADYTON_BOOT=heap={};stack={};secret={}", memory.heap_bytes, memory.stack_bytes, secret));
  program.spec.address_space_bytes = address_space_of(manifest, program.spec.executable.size());
  SandboxLauncher* sandboxes = TRY(launcher());
  return launch_enclave_process(*sandboxes, image, std::move(config), std::move(program));
}

Result<Endorsements> ProcessBackend::endorsements() {
  const PublicKey key = TRY(root_->public_key());
  Endorsements out;
  out.root = key.pem();
  out.root_path = TRY(root_->public_path());
  return out;
}

}  // namespace adyton
