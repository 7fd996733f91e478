// SPDX-License-Identifier: Apache-2.0
// The back-end that every Linux machine has: a process of its own in a sandbox (docs/process.md). Isolation is the
// kernel's; evidence is signed by a development root.
#pragma once

#include <memory>
#include <mutex>

#include "platform/backend.h"
#include "platform/development_root.h"
#include "platform/process/sandbox.h"

namespace adyton {

// Thread-safe. Instances may outlive it.
class ProcessBackend : public Backend {
 public:
  // `root` signs the evidence of its enclaves and gives them their sealing keys; by default the one of this user.
  explicit ProcessBackend(
      std::shared_ptr<DevelopmentRoot> root = std::make_shared<DevelopmentRoot>(DevelopmentRoot::default_folder()))
      : root_(std::move(root)) {}

  [[nodiscard]] std::string_view name() const override { return "process"; }
  // Launches a small program in the sandbox and tells how each layer went.
  [[nodiscard]] std::vector<BackendCheck> probe() const override;
  // One: "image", the digest. No hardware adds to it.
  [[nodiscard]] Result<std::vector<Measurement>> measure(const VerifiedImage& image) const override;
  // Errors: denied (a variable the manifest does not list, a debugger on an image that is not for debugging),
  // not_found (a file of the manifest), unavailable (secret memory or a required layer), invalid, io.
  Result<std::unique_ptr<Instance>> launch(const VerifiedImage& image, LaunchConfig config) override;
  Result<Endorsements> endorsements() override;

 private:
  Result<SandboxLauncher*> launcher() const;

  std::shared_ptr<DevelopmentRoot> root_;
  mutable std::mutex mutex_;
  mutable std::unique_ptr<SandboxLauncher> launcher_;  // made on first use
};

}  // namespace adyton
