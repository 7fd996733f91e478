// SPDX-License-Identifier: Apache-2.0
#include "platform/sgx/sgx_backend.h"

#include <fcntl.h>

#include <cerrno>

#include "base/error.h"
#include "image/sgx/sgx_sign.h"
#include "platform/builtin_calls.h"
#include "platform/process/enclave_process.h"
#include "platform/process/sealed_file.h"
#include "platform/sgx/host_requests.h"
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
        std::string("handle SIGSYS SIGILL SIGSEGV SIG63 nostop noprint pass"), std::string("continue"),
        std::string("set confirm off"), fmt::format("add-symbol-file \"{}\" -o $rax", image),
        std::string("set confirm on"), std::string("tbreak main"), std::string("catch signal SIGSEGV SIGILL"),
        std::string(kFault), std::string("continue")}) {
    out.insert(out.end(), {"-ex", step});
  }
  return out;
}

}  // namespace

Result<SandboxLauncher*> SgxBackend::launcher() {
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

Result<std::vector<Measurement>> SgxBackend::measure(const VerifiedImage& image) const {
  const SignedSgxPlan enclave = TRY(verify_sgx_signature(image.image()));
  return std::vector<Measurement>{
      {.name = "MRENCLAVE", .value = to_bytes(enclave.sigstruct.fields.measurement)},
      {.name = "MRSIGNER", .value = to_bytes(enclave.sigstruct.signer)},
  };
}

Result<std::unique_ptr<Instance>> SgxBackend::launch(const VerifiedImage& image, LaunchConfig config) {
  if (config.trace >= 0 && !image.image().manifest().debug) {
    return denied("{} is not a debug image: set debug = true in its manifest to trace it", image.identity().name);
  }
  std::vector<std::string> arguments = {image.identity().name};
  arguments.insert(arguments.end(), config.arguments.begin(), config.arguments.end());
  std::vector<std::string> environment = TRY(enclave_environment(image.image().manifest(), config));
  if (auto taken = start_strings(arguments, environment); !taken) return std::move(taken).error();
  const SignedSgxPlan enclave = TRY(verify_sgx_signature(image.image()));
  Hosted hosted = TRY(prepare(image, enclave, config));
  const Descriptor orders = TRY(make_sealed_file("adyton-sgx-runner-orders", hosted.orders.expose(), 0400));

  EnclaveProgram program{.backend = name(), .builtin = std::move(hosted.builtin), .debugger = &debugger_arguments};
  program.spec.executable = sgx_runner_program();
  program.spec.environment = std::move(environment);
  program.spec.handed.push_back(orders.get());
  for (const Descriptor& device : hosted.devices) program.spec.handed.push_back(device.get());
  if (config.trace >= 0) program.spec.handed.push_back(config.trace);
  program.spec.hosting = hosted.hosting;
  program.spec.address_space_bytes = address_space_of(enclave.plan);
  SandboxLauncher* sandboxes = TRY(launcher());
  return launch_enclave_process(*sandboxes, image, std::move(config), std::move(program));
}

Result<SgxBackend::Hosted> SgxEmulatedBackend::prepare(const VerifiedImage& image, const SignedSgxPlan& enclave,
                                                       const LaunchConfig& config) {
  const Manifest& manifest = image.image().manifest();
  if (manifest.memory.require_secret) {
    return denied("{} requires secret memory, and emulated SGX keeps nothing secret from this machine's user",
                  manifest.name);
  }
  const SgxFuses fuses = TRY(SgxFuses::open(TRY(folder_)));
  const RunnerOrders orders{.fuses = fuses.encode(),
                            .strict = config.strict,
                            .debugger = config.wait_for_debugger,
                            .trace = config.trace >= 0 ? kHandedDevice : 0u,
                            .files = KeepFiles::of(manifest)};
  return Hosted{
      .orders = encode_runner_orders(orders, enclave.plan, enclave.sigstruct.bytes),
      .hosting = Hosting::kEmulated,
      .builtin = sgx_builtin_handlers(config.storage, quotes_),
  };
}

std::vector<BackendCheck> SgxDeviceBackend::probe() const { return device_()->probe(); }

Result<void> SgxDeviceBackend::suits(const VerifiedImage& image) const {
  return device_()->check(TRY(verify_sgx_signature(image.image())).plan);
}

Result<SgxBackend::Hosted> SgxDeviceBackend::prepare(const VerifiedImage& image, const SignedSgxPlan& enclave,
                                                     const LaunchConfig& config) {
  if (config.wait_for_debugger) {
    return unavailable(
        "gdb does not see into an enclave of the processor's: debug this very image with --on sgx-emulated");
  }
  std::vector<std::string> paths = {options_.enclave_path};
  if ((enclave.plan.attributes.flags & SgxAttributes::kProvisionKey) != 0) paths.push_back(options_.provision_path);
  const auto trace = static_cast<std::uint32_t>(config.trace >= 0 ? kHandedDevice + paths.size() : 0);
  const RunnerOrders orders{.trace = trace, .files = KeepFiles::of(image.image().manifest())};
  Hosted out{.orders = encode_runner_orders(orders, enclave.plan, enclave.sigstruct.bytes),
             .hosting = Hosting::kDevice,
             .builtin = sgx_builtin_handlers(config.storage, quotes_)};
  for (const std::string& path : paths) {
    Descriptor device(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    if (!device.valid()) {
      return unavailable("{}: {}; `adyton doctor` says what this machine lacks, and --on sgx-emulated runs here", path,
                         errno_text(errno));
    }
    out.devices.push_back(std::move(device));
  }
  return out;
}

}  // namespace adyton
