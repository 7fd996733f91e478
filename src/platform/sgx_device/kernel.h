// SPDX-License-Identifier: Apache-2.0
// What the SGX device uses of the machine, one function each: system calls, CPUID, the vDSO. Tests have a double of it
// that behaves as the kernel does (tests/sgx_device).
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <adyton/bytes.h>

namespace adyton::sgx {

struct CpuidRegisters {
  std::uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
};

// The kernel's code that is mapped into every process.
struct VdsoImage {
  std::uint64_t address = 0;  // 0: there is none
  BytesView bytes;
};

// System calls answer as they do in the kernel: minus an errno, or what they return. Thread-safe.
class Kernel {
 public:
  virtual ~Kernel() = default;
  virtual int open(const std::string& path) = 0;  // for reading and writing, closed by execve
  virtual void close(int fd) = 0;
  virtual int ioctl(int fd, unsigned long request, void* argument) = 0;
  // mmap() at offset 0: an address; flags and protection as there. Address 0 and no MAP_FIXED: anywhere.
  virtual std::int64_t map(std::uint64_t address, std::uint64_t size, int protection, int flags, int fd) = 0;
  virtual int unmap(std::uint64_t address, std::uint64_t size) = 0;

  virtual CpuidRegisters cpuid(std::uint32_t leaf, std::uint32_t subleaf) = 0;
  virtual VdsoImage vdso() = 0;
  virtual std::string release() = 0;                            // "6.1.0-13-amd64"
  virtual bool forbids_executing(const std::string& path) = 0;  // mounted with noexec
};

std::shared_ptr<Kernel> make_kernel();

}  // namespace adyton::sgx
