// SPDX-License-Identifier: Apache-2.0
#include "platform/sgx_device/inherited_device.h"

#include "base/error.h"
#include "platform/sgx_device/enclave.h"

namespace adyton {
namespace {

class InheritedDevice : public SgxDevice {
 public:
  InheritedDevice(Descriptor enclave, Descriptor provision, std::shared_ptr<sgx::Kernel> kernel)
      : enclave_(std::move(enclave)), provision_(std::move(provision)), kernel_(std::move(kernel)) {}

  [[nodiscard]] std::string_view name() const override { return "sgx"; }
  [[nodiscard]] std::vector<BackendCheck> probe() const override { return {}; }

  Result<std::unique_ptr<SgxEnclave>> create(const SgxPlan& plan) override {
    if (!enclave_.valid()) return invalid("the descriptor of /dev/sgx_enclave is for one enclave, and there was one");
    return TRY(
        sgx::DeviceEnclave::create(kernel_, {.enclave = enclave_.release(), .provision = provision_.release()}, plan));
  }

 private:
  Descriptor enclave_, provision_;
  const std::shared_ptr<sgx::Kernel> kernel_;
};

}  // namespace

std::unique_ptr<SgxDevice> make_inherited_sgx_device(Descriptor enclave, Descriptor provision,
                                                     std::shared_ptr<sgx::Kernel> kernel) {
  return std::make_unique<InheritedDevice>(std::move(enclave), std::move(provision), std::move(kernel));
}

}  // namespace adyton
