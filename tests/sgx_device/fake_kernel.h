// SPDX-License-Identifier: Apache-2.0
// A double of what the SGX device uses of the machine: checks every request as Linux's SGX driver does
// (arch/x86/kernel/ cpu/sgx of Linux 6.1: ioctl.c, encl.c, driver.c, main.c) and answers with its errnos; the enclaves
// themselves are the emulator's, at the addresses that the device has chosen.
#pragma once

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "platform/sgx_device/kernel.h"
#include "platform/sgx_emulator/enclave.h"

struct sgx_enclave_run;

namespace adyton::sgx {

// What the machine is, and what is to go wrong.
struct FakeKernelOptions {
  CpuidRegisters features{.ebx = 1 << 2, .ecx = 1 << 30};  // leaf 7: SGX, SGX_LC
  CpuidRegisters abilities{.eax = 3, .ebx = 1, .ecx = 0, .edx = 36 << 8 | 31};
  CpuidRegisters attributes{.eax = 0xb6, .ebx = 0, .ecx = 0x2e7, .edx = 0};
  std::vector<std::uint64_t> memory_sections = {64 << 20, 512 << 20};
  int open_error = 0, provision_error = 0;  // errnos
  bool noexec = false;
  bool vdso_has_function = true, vdso = true;
  bool edmm = true;                                   // Linux 6.0
  std::uint64_t pages_left = ~std::uint64_t{0};       // of enclave memory
  std::uint64_t pages_a_request = ~std::uint64_t{0};  // then a signal is pending: the rest has to be asked for again
  int interrupted = 0;                                // so many requests are EINTR before anything was done
  int busy_pages = 0;  // so often a page is EAGAIN for requests of SGX2, from the second page on if there are more
  bool lost = false;   // the machine slept: EADD and EINIT fault
  bool einit_refuses = false;  // as with an IA32_SGXLEPUBKEYHASH that cannot be written
};

class FakeKernel : public Kernel {
 public:
  explicit FakeKernel(FakeKernelOptions options = {});
  ~FakeKernel() override;

  int open(const std::string& path) override;
  void close(int fd) override;
  int ioctl(int fd, unsigned long request, void* argument) override;
  std::int64_t map(std::uint64_t address, std::uint64_t size, int protection, int flags, int fd) override;
  int unmap(std::uint64_t address, std::uint64_t size) override;
  CpuidRegisters cpuid(std::uint32_t leaf, std::uint32_t subleaf) override;
  VdsoImage vdso() override;
  std::string release() override { return "6.1.0-double"; }
  bool forbids_executing(const std::string&) override { return options.noexec; }

  // What is open and mapped, for tests that look for leaks.
  [[nodiscard]] std::size_t open_files() const { return files_.size(); }
  [[nodiscard]] std::size_t mappings() const { return mappings_.size(); }
  [[nodiscard]] std::string mapped_as(std::uint64_t address) const;  // "rw-", "---" if only reserved, "" if not at all
  // What the processor said to the last EINIT that it refused.
  [[nodiscard]] const std::string& einit_said() const { return einit_said_; }

  FakeKernelOptions options;
  std::vector<unsigned long> requests;  // of every ioctl, in order

  // What __vdso_sgx_enter_enclave() does, for the enclave at that TCS of whatever kernel.
  static int enter(SgxRegisters& registers, std::uint32_t leaf, sgx_enclave_run& run);

 private:
  struct Page {
    int allowed = 0;  // the most that a mapping may have: PROT_READ, PROT_WRITE, PROT_EXEC
    PageType type = PageType::kRegular;
  };
  struct Enclave {  // struct sgx_encl
    bool created = false, initialised = false;
    std::uint64_t base = 0, size = 0, attributes = 0, allowed_attributes = 0;
    std::map<std::uint64_t, Page> pages;  // by number from base
    std::unique_ptr<EmulatedEnclave> emulated;
    bool checked = false;  // that the mappings suit the pages, since the last of them
  };
  struct File {
    bool provision = false;
    std::shared_ptr<Enclave> enclave;
  };
  struct Mapping {
    std::uint64_t start = 0, size = 0;
    int protection = 0;
    std::shared_ptr<Enclave> enclave;  // null: anonymous
  };
  // Addresses really reserved, with room below for what the emulator puts there.
  struct Reservation {
    std::uint64_t start = 0, size = 0;
  };

  int create(Enclave& enclave, void* argument);
  int add_pages(Enclave& enclave, void* argument);
  int add_run(Enclave& enclave, std::uint64_t source, std::uint64_t offset, std::uint64_t count, std::uint64_t secinfo,
              bool measured);
  int init(Enclave& enclave, void* argument);
  int provision(Enclave& enclave, void* argument);
  int restrict_permissions(Enclave& enclave, void* argument);
  int modify_types(Enclave& enclave, void* argument);
  int remove_pages(Enclave& enclave, void* argument);
  int ready_for_sgx2(const Enclave& enclave) const;
  template <class Request, class Change>
  int each_page(Enclave& enclave, Request& request, const Change& change);
  static bool in_enclave(const Enclave& enclave, std::uint64_t offset, std::uint64_t length);
  static int may_map(const Enclave& enclave, std::uint64_t start, std::uint64_t end, int protection);
  std::int64_t map_anonymous(std::uint64_t address, std::uint64_t size, int protection, bool fixed);
  std::int64_t map_enclave(std::uint64_t address, std::uint64_t size, int protection, int flags, File& file);
  void cut(std::uint64_t start, std::uint64_t size);
  [[nodiscard]] bool is_mapped(std::uint64_t start, std::uint64_t size) const;
  // copy_from_user() of what a request points to; false is EFAULT.
  bool copy_from(std::uint64_t address, void* out, std::size_t size) const;
  std::optional<std::uint64_t> first_wrong_page(const Enclave& enclave) const;
  static std::shared_ptr<Enclave> enclave_at(std::uint64_t address, FakeKernel*& kernel);

  std::shared_ptr<const Processor> processor_;
  std::map<int, File> files_;
  int next_file_ = 100'000;  // no descriptor of this process
  std::vector<Mapping> mappings_;
  std::vector<Reservation> reservations_;
  Bytes vdso_;
  int scratch_ = -1;  // a memory file: the kernel's view of this process's memory
  std::string einit_said_;
  mutable std::mutex mutex_;
};

}  // namespace adyton::sgx
