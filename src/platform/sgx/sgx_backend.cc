// SPDX-License-Identifier: Apache-2.0
#include "platform/sgx/sgx_backend.h"

#include "base/error.h"
#include "image/sgx/sgx_sign.h"
#include "platform/builtin_calls.h"
#include "platform/process/enclave_process.h"
#include "platform/process/sealed_file.h"
#include "platform/sgx/runner_orders.h"
#include "platform/sgx/runner_program.h"
#include "platform/sgx_emulator/emulator.h"

namespace adyton {
namespace {

constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;

// The enclave's range lies within twice its size; the rest is the runner's own, and its threads'.
std::uint64_t address_space_of(const SgxPlan& plan) {
  return 2 * plan.size + (plan.tcs_offsets.size() + 32) * (kGiB / 4) + 8 * kGiB;
}

// gdb stops a second time when the enclave is loaded, and then knows where (debugger_stop.h). The signals that the
// emulator lives on are not shown; but those that are no `cpuid`, `rdtsc` or `enclu` are the application's faults.
std::vector<std::string> debugger_arguments(std::string_view image, int process_id) {
  constexpr std::string_view kFault =
      "condition $bpnum *(unsigned short *)$pc != 0xa20f && *(unsigned short *)$pc != 0x310f && "
      "*(unsigned short *)$pc != 0x010f";
  std::vector<std::string> out = {"-q", "-p", std::to_string(process_id)};
  for (const std::string& step :
       {std::string("handle SIGSTOP nostop noprint nopass"),
        std::string("handle SIGSYS SIGILL SIGSEGV nostop noprint pass"), std::string("continue"),
        std::string("set confirm off"), fmt::format("add-symbol-file \"{}\" -o $rax", image),
        std::string("set confirm on"), std::string("tbreak main"), std::string("catch signal SIGSEGV SIGILL"),
        std::string(kFault), std::string("continue")}) {
    out.insert(out.end(), {"-ex", step});
  }
  return out;
}

}  // namespace

Result<SandboxLauncher*> SgxEmulatedBackend::launcher() {
  const std::lock_guard lock(mutex_);
  if (launcher_ == nullptr) launcher_ = TRY(SandboxLauncher::make());
  return launcher_.get();
}

std::vector<BackendCheck> SgxEmulatedBackend::probe() const {
  auto device = SgxFuses::make();
  if (device) {
    if (auto emulator = make_sgx_emulator(std::move(*device))) return (*emulator)->probe();
  }
  return {{.name = "randomness",
           .state = BackendCheck::State::kMissing,
           .detail = "the system gives none",
           .remedy = "allow getrandom here"}};
}

Result<std::vector<Measurement>> SgxEmulatedBackend::measure(const VerifiedImage& image) const {
  const SignedSgxPlan enclave = TRY(verify_sgx_signature(image.image()));
  return std::vector<Measurement>{
      {.name = "MRENCLAVE", .value = to_bytes(enclave.sigstruct.fields.measurement)},
      {.name = "MRSIGNER", .value = to_bytes(enclave.sigstruct.signer)},
  };
}

Result<std::unique_ptr<Instance>> SgxEmulatedBackend::launch(const VerifiedImage& image, LaunchConfig config) {
  const Manifest& manifest = image.image().manifest();
  if (manifest.memory.require_secret) {
    return denied("{} requires secret memory, and emulated SGX keeps nothing secret from this machine's user",
                  manifest.name);
  }
  if (config.trace >= 0 && !manifest.debug) {
    return denied("{} is not a debug image: set debug = true in its manifest to trace it", manifest.name);
  }
  const SignedSgxPlan enclave = TRY(verify_sgx_signature(image.image()));
  const SgxFuses fuses = TRY(SgxFuses::open(TRY(folder_)));
  const Secret orders = encode_runner_orders({.strict = config.strict,
                                              .debugger = config.wait_for_debugger,
                                              .trace = config.trace >= 0,
                                              .fuses = fuses.encode(),
                                              .image = image.image().file()});
  const Descriptor payload = TRY(make_sealed_file("adyton-sgx-runner-orders", orders.expose(), 0400));

  EnclaveProgram program{.backend = name(),
                         .builtin = builtin_handlers(std::string(name()), image.identity(), config.storage, root_),
                         .debugger = &debugger_arguments};
  program.spec.executable = sgx_runner_program();
  program.spec.environment = TRY(enclave_environment(manifest, config));
  program.spec.payload = payload.get();
  program.spec.trace = config.trace;
  program.spec.emulates = true;
  program.spec.address_space_bytes = address_space_of(enclave.plan);
  SandboxLauncher* sandboxes = TRY(launcher());
  return launch_enclave_process(*sandboxes, image, std::move(config), std::move(program));
}

}  // namespace adyton
