// SPDX-License-Identifier: Apache-2.0
#include <cpuid.h>
#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <bit>
#include <cerrno>

#include "platform/sgx_device/kernel.h"
#include "platform/sgx_device/vdso.h"

namespace adyton::sgx {
namespace {

class Linux : public Kernel {
 public:
  int open(const std::string& path) override {
    const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
  }

  void close(int fd) override { ::close(fd); }

  int ioctl(int fd, unsigned long request, void* argument) override {
    const int result = ::ioctl(fd, request, argument);
    return result < 0 ? -errno : result;
  }

  std::int64_t map(std::uint64_t address, std::uint64_t size, int protection, int flags, int fd) override {
    // SAFETY: with MAP_FIXED the caller names addresses that it has reserved itself.
    void* const mapping = ::mmap(std::bit_cast<void*>(address), size, protection, flags, fd, 0);
    return mapping == MAP_FAILED ? -errno : std::bit_cast<std::int64_t>(mapping);
  }

  int unmap(std::uint64_t address, std::uint64_t size) override {
    return ::munmap(std::bit_cast<void*>(address), size) == 0 ? 0 : -errno;
  }

  CpuidRegisters cpuid(std::uint32_t leaf, std::uint32_t subleaf) override {
    CpuidRegisters out;
    __cpuid_count(leaf, subleaf, out.eax, out.ebx, out.ecx, out.edx);
    return out;
  }

  VdsoImage vdso() override {
    const std::uint64_t address = ::getauxval(AT_SYSINFO_EHDR);
    if (address == 0) return {};
    // SAFETY: the kernel maps its image there as its program headers say, which lie in its first page.
    const auto* const start = reinterpret_cast<const std::byte*>(address);
    return {.address = address, .bytes = {start, vdso_bytes({start, kVdsoHeaderBytes})}};
  }

  std::string release() override {
    utsname names{};
    return ::uname(&names) == 0 ? names.release : "unknown";
  }

  bool forbids_executing(const std::string& path) override {
    struct statvfs file_system{};
    return ::statvfs(path.c_str(), &file_system) == 0 && (file_system.f_flag & ST_NOEXEC) != 0;
  }
};

}  // namespace

std::shared_ptr<Kernel> make_kernel() { return std::make_shared<Linux>(); }

}  // namespace adyton::sgx
