// SPDX-License-Identifier: Apache-2.0
#include "platform/sgx_device/sgx_device.h"

#include "base/error.h"
#include "platform/sgx_device/enclave.h"
#include "platform/sgx_device/probe.h"
#include "platform/sgx_device/refusals.h"
#include "platform/sgx_device/vdso.h"

namespace adyton {
namespace {

class Device : public SgxDevice {
 public:
  Device(std::shared_ptr<sgx::Kernel> kernel, SgxDeviceOptions options)
      : kernel_(std::move(kernel)), options_(std::move(options)) {}

  [[nodiscard]] std::string_view name() const override { return "sgx"; }
  [[nodiscard]] std::vector<BackendCheck> probe() const override { return sgx::probe_device(*kernel_, options_); }

  [[nodiscard]] Result<void> check(const SgxPlan& plan) const override {
    TRY(sgx::check_plan_runs(sgx::read_processor_support(*kernel_), plan));
    if ((plan.attributes.flags & SgxAttributes::kProvisionKey) == 0) return {};
    const int fd = kernel_->open(options_.provision_path);
    if (fd < 0) return sgx::describe_refusal(sgx::DeviceStep::kOpenProvision, -fd).within(options_.provision_path);
    kernel_->close(fd);
    return {};
  }

  Result<std::unique_ptr<SgxEnclave>> create(const SgxPlan& plan) override {
    const sgx::VdsoImage vdso = kernel_->vdso();
    const auto offset = sgx::find_vdso_function(vdso.bytes, sgx::kEnterEnclave);
    if (!offset) {
      return unavailable(
          "{}: use a kernel with CONFIG_X86_SGX (Linux 5.11 or newer), without vdso=0 on its command line",
          offset.error().message);
    }
    return TRY(sgx::DeviceEnclave::create(kernel_, options_.enclave_path, options_.provision_path, plan,
                                          vdso.address + *offset));
  }

 private:
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
