// SPDX-License-Identifier: Apache-2.0
// An enclave behind a descriptor of /dev/sgx_enclave.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include <adyton/result.h>
#include "platform/sgx/device.h"
#include "platform/sgx_device/kernel.h"
#include "platform/sgx_device/processor.h"

namespace adyton::sgx {

// Open descriptors: of the enclave's device, for one enclave; of the provisioning device, or -1.
struct DeviceFiles {
  int enclave = -1, provision = -1;
};

class DeviceEnclave : public Sgx2Enclave {
 public:
  // Both descriptors are used up, whatever comes of it. Errors: unavailable, also without the vDSO's function; as the
  // kernel refuses.
  static Result<std::unique_ptr<DeviceEnclave>> create(std::shared_ptr<Kernel> kernel, DeviceFiles files,
                                                       const SgxPlan& plan);
  ~DeviceEnclave() override;

  [[nodiscard]] std::uint64_t base() const override { return base_; }
  Result<void> add(const SgxPages& pages) override;
  Result<void> initialise(const Sigstruct& signature) override;
  Result<SgxEntryEnd> enter(std::uint64_t tcs_offset, SgxLeaf leaf, const SgxRegisters& registers) override;

  Result<void> augment(std::uint64_t offset, std::uint64_t count) override;
  Result<void> restrict_permissions(std::uint64_t offset, std::uint64_t count, std::uint64_t permissions) override;
  Result<void> change_type(std::uint64_t offset, std::uint64_t count, bool to_tcs) override;
  Result<void> remove(std::uint64_t offset, std::uint64_t count) override;

 private:
  // Addresses of the enclave that the device is mapped at; ascending once the enclave is initialised.
  struct Run {
    std::uint64_t offset = 0, bytes = 0;
    int protection = 0;
  };

  DeviceEnclave(std::shared_ptr<Kernel> kernel, DeviceFiles files) : kernel_(std::move(kernel)), files_(files) {}
  Result<void> find_entry();
  Result<void> reserve();
  Result<void> make_secs(const SgxPlan& plan);
  Result<void> allow_provisioning();
  Result<void> add_chunk(std::uint64_t offset, std::uint64_t bytes, std::uint64_t secinfo, bool measured);
  Result<void> map_pages();
  Result<void> map(const Run& run);
  Error explain_einit(const Sigstruct& signature) const;
  Result<void> check_pages(std::uint64_t offset, std::uint64_t count) const;
  Result<void> check_paging();
  template <class Request>
  Result<void> change(unsigned long number, Request request);
  void drop(std::uint64_t offset, std::uint64_t bytes);

  const std::shared_ptr<Kernel> kernel_;
  DeviceFiles files_;
  std::uint64_t enter_function_ = 0;  // __vdso_sgx_enter_enclave()
  ProcessorSupport processor_;
  std::uint64_t base_ = 0, size_ = 0;
  std::uint64_t staging_ = 0;  // kStagingBytes, page-aligned: what pages are added from
  bool staging_is_zero_ = true;
  SgxAttributes attributes_;
  std::uint32_t misc_select_ = 0;
  bool initialised_ = false, refused_ = false;
  std::vector<Run> runs_;
  std::mutex paging_;
};

}  // namespace adyton::sgx
