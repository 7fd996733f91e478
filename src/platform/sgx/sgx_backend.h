// SPDX-License-Identifier: Apache-2.0
// The back-ends whose enclaves are SGX enclaves (docs/sgx.md): the image's pages in the processor or in the emulator,
// beneath them the keep kernel, all of it in a sandboxed process of its own, so that an enclave ends, stops and crashes
// without its host.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>

#include "image/sgx/sgx_sign.h"
#include "platform/backend.h"
#include "platform/development_root.h"
#include "platform/process/sandbox.h"
#include "platform/sgx/quoting.h"
#include "platform/sgx_device/hardware_quotes.h"
#include "platform/sgx_device/sgx_device.h"
#include "platform/sgx_emulator/machine_quotes.h"

namespace adyton {

// What both have in common. Thread-safe. Instances may outlive it.
class SgxBackend : public Backend {
 public:
  // MRENCLAVE and MRSIGNER.
  [[nodiscard]] Result<std::vector<Measurement>> measure(const VerifiedImage& image) const override;
  // Errors: not_found (the image is not signed for SGX), untrusted (its SIGSTRUCT is not of it), denied (a variable
  // that the manifest does not list, secret memory where there is none), unavailable, invalid, io.
  Result<std::unique_ptr<Instance>> launch(const VerifiedImage& image, LaunchConfig config) override;

 protected:
  // What one of them adds: the runner's orders, descriptors and rights, and the calls that its host answers.
  struct Hosted {
    Secret orders;
    std::vector<Descriptor> devices;
    Hosting hosting = Hosting::kNothing;
    Handlers builtin;
  };
  virtual Result<Hosted> prepare(const VerifiedImage& image, const SignedSgxPlan& enclave,
                                 const LaunchConfig& config) = 0;

 private:
  Result<SandboxLauncher*> launcher();

  std::mutex mutex_;
  std::unique_ptr<SandboxLauncher> launcher_;  // made on first use
};

// "sgx-emulated": isolates nothing.
class SgxEmulatedBackend : public SgxBackend {
 public:
  // `folder`: where the emulated processor's fuses are kept, and the keys of who vouches for it.
  explicit SgxEmulatedBackend(Result<std::filesystem::path> folder = DevelopmentRoot::default_folder())
      : folder_(std::move(folder)), quotes_(std::make_shared<MachineQuotes>(folder_)) {}

  [[nodiscard]] std::string_view name() const override { return "sgx-emulated"; }
  [[nodiscard]] bool isolates() const override { return false; }
  [[nodiscard]] std::vector<BackendCheck> probe() const override;
  // The collateral of the emulated processor, and its root's certificate.
  Result<Endorsements> endorsements() override { return quotes_->endorsements(); }

 private:
  Result<Hosted> prepare(const VerifiedImage& image, const SignedSgxPlan& enclave, const LaunchConfig& config) override;

  const Result<std::filesystem::path> folder_;
  const std::shared_ptr<MachineQuotes> quotes_;
};

// "sgx": a processor with SGX, by Linux's driver.
class SgxDeviceBackend : public SgxBackend {
 public:
  explicit SgxDeviceBackend(SgxDeviceOptions options = {}) : options_(std::move(options)) {}

  [[nodiscard]] std::string_view name() const override { return "sgx"; }
  [[nodiscard]] std::vector<BackendCheck> probe() const override;

 private:
  Result<Hosted> prepare(const VerifiedImage& image, const SignedSgxPlan& enclave, const LaunchConfig& config) override;

  const SgxDeviceOptions options_;
  const std::shared_ptr<QuoteSource> quotes_ = on_demand([] { return make_hardware_quotes(); });
};

}  // namespace adyton
