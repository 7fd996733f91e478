// SPDX-License-Identifier: Apache-2.0
#include "platform/sgx_device/handed_kernel.h"

#include <algorithm>
#include <cerrno>

namespace adyton::sgx {
namespace {

class Handed : public Kernel {
 public:
  Handed(std::shared_ptr<Kernel> kernel, std::map<std::string, int> descriptors)
      : kernel_(std::move(kernel)), descriptors_(std::move(descriptors)) {}

  int open(const std::string& path) override {
    const auto found = descriptors_.find(path);
    return found == descriptors_.end() ? -ENOENT : found->second;
  }
  void close(int fd) override {
    if (std::ranges::none_of(descriptors_, [&](const auto& each) { return each.second == fd; })) kernel_->close(fd);
  }
  int ioctl(int fd, unsigned long request, void* argument) override { return kernel_->ioctl(fd, request, argument); }
  std::int64_t map(std::uint64_t address, std::uint64_t size, int protection, int flags, int fd) override {
    return kernel_->map(address, size, protection, flags, fd);
  }
  int unmap(std::uint64_t address, std::uint64_t size) override { return kernel_->unmap(address, size); }
  CpuidRegisters cpuid(std::uint32_t leaf, std::uint32_t subleaf) override { return kernel_->cpuid(leaf, subleaf); }
  VdsoImage vdso() override { return kernel_->vdso(); }
  std::string release() override { return kernel_->release(); }
  bool forbids_executing(const std::string& path) override { return kernel_->forbids_executing(path); }

 private:
  const std::shared_ptr<Kernel> kernel_;
  const std::map<std::string, int> descriptors_;
};

}  // namespace

std::shared_ptr<Kernel> make_handed_kernel(std::shared_ptr<Kernel> kernel, std::map<std::string, int> descriptors) {
  return std::make_shared<Handed>(std::move(kernel), std::move(descriptors));
}

}  // namespace adyton::sgx
