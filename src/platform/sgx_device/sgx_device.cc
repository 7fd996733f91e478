// SPDX-License-Identifier: Apache-2.0
#include "platform/sgx_device/sgx_device.h"

#include "base/error.h"
#include "platform/sgx_device/enclave.h"
#include "platform/sgx_device/probe.h"
#include "platform/sgx_device/refusals.h"

namespace adyton {
namespace {

class Device : public SgxDevice {
 public:
  Device(std::shared_ptr<sgx::Kernel> kernel, SgxDeviceOptions options)
      : kernel_(std::move(kernel)), options_(std::move(options)) {}

  [[nodiscard]] std::string_view name() const override { return "sgx"; }
  [[nodiscard]] std::vector<BackendCheck> probe() const override { return sgx::probe_device(*kernel_, options_); }

  Result<std::unique_ptr<SgxEnclave>> create(const SgxPlan& plan) override {
    using sgx::DeviceStep;
    sgx::DeviceFiles files{.enclave = TRY(open(options_.enclave_path, DeviceStep::kOpen))};
    if ((plan.attributes.flags & SgxAttributes::kProvisionKey) != 0) {
      auto provision = open(options_.provision_path, DeviceStep::kOpenProvision);
      if (!provision) {
        kernel_->close(files.enclave);
        return std::move(provision).error();
      }
      files.provision = *provision;
    }
    return TRY(sgx::DeviceEnclave::create(kernel_, files, plan));
  }

 private:
  Result<int> open(const std::string& path, sgx::DeviceStep step) {
    const int file = kernel_->open(path);
    if (file < 0) return sgx::describe_refusal(step, -file).within(path);
    return file;
  }

  const std::shared_ptr<sgx::Kernel> kernel_;
  const SgxDeviceOptions options_;
};

}  // namespace

std::unique_ptr<SgxDevice> make_sgx_device(SgxDeviceOptions options) {
  return make_sgx_device(sgx::make_kernel(), std::move(options));
}

std::unique_ptr<SgxDevice> make_sgx_device(std::shared_ptr<sgx::Kernel> kernel, SgxDeviceOptions options) {
  return std::make_unique<Device>(std::move(kernel), std::move(options));
}

}  // namespace adyton
