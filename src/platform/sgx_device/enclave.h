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
#include "platform/sgx_device/interruption.h"
#include "platform/sgx_device/kernel.h"
#include "platform/sgx_device/processor.h"

namespace adyton::sgx {

class DeviceEnclave : public Sgx2Enclave {
 public:
  // `enter_function` is __vdso_sgx_enter_enclave()'s address.
  static Result<std::unique_ptr<DeviceEnclave>> create(std::shared_ptr<Kernel> kernel, const std::string& enclave_path,
                                                       const std::string& provision_path, const SgxPlan& plan,
                                                       std::uint64_t enter_function);
  ~DeviceEnclave() override;

  [[nodiscard]] std::uint64_t base() const override { return base_; }
  Result<void> add(const SgxPages& pages) override;
  Result<void> initialise(const Sigstruct& signature) override;
  Result<SgxEntryEnd> enter(std::uint64_t tcs_offset, SgxLeaf leaf, const SgxRegisters& registers) override;
  void interrupt(std::uint64_t tcs_offset) override { interruption_.interrupt(base_ + tcs_offset); }

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

  DeviceEnclave(std::shared_ptr<Kernel> kernel, std::uint64_t enter_function)
      : kernel_(std::move(kernel)), enter_function_(enter_function) {}
  Result<void> open(const std::string& path);
  Result<void> reserve();
  Result<void> make_secs(const SgxPlan& plan);
  Result<void> allow_provisioning(const std::string& path);
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
  const std::uint64_t enter_function_;
  ProcessorSupport processor_;
  int fd_ = -1;
  std::uint64_t base_ = 0, size_ = 0;
  std::uint64_t staging_ = 0;  // kStagingBytes, page-aligned: what pages are added from
  bool staging_is_zero_ = true;
  SgxAttributes attributes_;
  std::uint32_t misc_select_ = 0;
  bool initialised_ = false, refused_ = false;
  std::vector<Run> runs_;
  std::mutex paging_;
  Interruption interruption_;
};

}  // namespace adyton::sgx
