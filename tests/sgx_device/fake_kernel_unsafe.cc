// SPDX-License-Identifier: Apache-2.0
// The double's files, address space and vDSO. What its ioctls do is in fake_ioctls.cc.
#include <asm/sgx.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>

#include "crypto/crypto.h"
#include "fake_kernel.h"
#include "platform/sgx_device/vdso.h"
#include "testing/fake_vdso.h"

extern "C" {
void adyton_fake_vdso_enter();
int adyton_fake_enclu(adyton::SgxRegisters* registers, std::uint32_t leaf, sgx_enclave_run* run);
}

int adyton_fake_enclu(adyton::SgxRegisters* registers, std::uint32_t leaf, sgx_enclave_run* run) {
  return adyton::sgx::FakeKernel::enter(*registers, leaf, *run);
}

namespace adyton::sgx {
namespace {

std::mutex all_kernels_mutex;
std::vector<FakeKernel*> all_kernels;

constexpr std::uint64_t kFunctionInVdso = 0x780;

}  // namespace

FakeKernel::FakeKernel(FakeKernelOptions how)
    : options(std::move(how)), scratch_(::memfd_create("scratch", MFD_CLOEXEC)) {
  Processor processor{.fuses = *SgxFuses::make()};
  (void)random_bytes(processor.report_key_id);
  processor_ = std::make_shared<const Processor>(std::move(processor));
  FakeVdso image;
  if (!options.vdso_has_function) image.functions.pop_back();
  vdso_ = image.make();
  const std::scoped_lock lock(all_kernels_mutex);
  all_kernels.push_back(this);
}

FakeKernel::~FakeKernel() {
  {
    const std::scoped_lock lock(all_kernels_mutex);
    std::erase(all_kernels, this);
  }
  files_.clear();
  mappings_.clear();
  for (const Reservation& one : reservations_) ::munmap(std::bit_cast<void*>(one.start), one.size);
  ::close(scratch_);
}

int FakeKernel::open(const std::string& path) {
  const std::scoped_lock lock(mutex_);
  const bool provisioning = path.ends_with("sgx_provision");
  if (!provisioning && !path.ends_with("sgx_enclave")) return -ENOENT;
  if (const int error = provisioning ? options.provision_error : options.open_error; error != 0) return -error;
  File file{.provision = provisioning, .enclave = provisioning ? nullptr : std::make_shared<Enclave>()};
  if (!provisioning)
    file.enclave->allowed_attributes = SgxAttributes::kDebug | SgxAttributes::kMode64 | SgxAttributes::kKss;
  files_[next_file_] = std::move(file);
  return next_file_++;
}

void FakeKernel::close(int fd) {
  const std::scoped_lock lock(mutex_);
  files_.erase(fd);
}

int FakeKernel::ioctl(int fd, unsigned long request, void* argument) {
  std::unique_lock lock(mutex_);
  requests.push_back(request);
  const auto file = files_.find(fd);
  if (file == files_.end()) return -EBADF;
  if (file->second.provision) return -ENOTTY;
  const std::shared_ptr<Enclave> enclave = file->second.enclave;
  if (options.interrupted > 0 && (request == SGX_IOC_ENCLAVE_ADD_PAGES || request == SGX_IOC_ENCLAVE_INIT)) {
    --options.interrupted;
    return -EINTR;
  }
  switch (request) {
    case SGX_IOC_ENCLAVE_CREATE: return create(*enclave, argument);
    case SGX_IOC_ENCLAVE_ADD_PAGES: return add_pages(*enclave, argument);
    case SGX_IOC_ENCLAVE_INIT: return init(*enclave, argument);
    case SGX_IOC_ENCLAVE_PROVISION: return provision(*enclave, argument);
    default: break;
  }
  if (!options.edmm) return -ENOTTY;
  switch (request) {
    case SGX_IOC_ENCLAVE_RESTRICT_PERMISSIONS: return restrict_permissions(*enclave, argument);
    case SGX_IOC_ENCLAVE_MODIFY_TYPES: return modify_types(*enclave, argument);
    case SGX_IOC_ENCLAVE_REMOVE_PAGES: return remove_pages(*enclave, argument);
    default: return -ENOTTY;
  }
}

std::int64_t FakeKernel::map(std::uint64_t address, std::uint64_t size, int protection, int flags, int fd) {
  const std::scoped_lock lock(mutex_);
  const int sharing = flags & (MAP_SHARED | MAP_PRIVATE);
  if (size == 0 || address % kPageBytes != 0 || size % kPageBytes != 0) return -EINVAL;
  if (sharing != MAP_SHARED && sharing != MAP_PRIVATE) return -EINVAL;
  if ((flags & MAP_ANONYMOUS) != 0) {
    if (fd != -1 || sharing != MAP_PRIVATE) return -EINVAL;
    return map_anonymous(address, size, protection, (flags & MAP_FIXED) != 0);
  }
  const auto file = files_.find(fd);
  if (file == files_.end()) return -EBADF;
  if (file->second.provision) return -ENODEV;
  return map_enclave(address, size, protection, flags, file->second);
}

std::int64_t FakeKernel::map_anonymous(std::uint64_t address, std::uint64_t size, int protection, bool fixed) {
  if (fixed) {
    if (protection != PROT_NONE || !is_mapped(address, size)) return -EINVAL;  // it would replace what is another's
    cut(address, size);
    mappings_.push_back({.start = address, .size = size, .protection = protection, .enclave = nullptr});
    return static_cast<std::int64_t>(address);
  }
  const std::uint64_t below = protection == PROT_NONE ? EnclaveMemory::bytes_below(size) : 0;
  // SAFETY: a new mapping, given back when the double ends.
  void* const real = ::mmap(nullptr, below + size, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (real == MAP_FAILED) return -errno;
  const auto start = std::bit_cast<std::uint64_t>(real);
  reservations_.push_back({.start = start, .size = below + size});
  mappings_.push_back({.start = start + below, .size = size, .protection = protection, .enclave = nullptr});
  return static_cast<std::int64_t>(start + below);
}

// sgx_get_unmapped_area() and sgx_mmap().
std::int64_t FakeKernel::map_enclave(std::uint64_t address, std::uint64_t size, int protection, int flags, File& file) {
  if ((flags & (MAP_SHARED | MAP_PRIVATE)) == MAP_PRIVATE || (flags & MAP_FIXED) == 0) return -EINVAL;
  if (options.noexec && (protection & PROT_EXEC) != 0) return -EPERM;
  if (!is_mapped(address, size)) return -EINVAL;  // not reserved: it would replace what is another's
  Enclave& enclave = *file.enclave;
  if (const int result = may_map(enclave, address, address + size, protection); result != 0) return result;
  cut(address, size);
  mappings_.push_back({.start = address, .size = size, .protection = protection, .enclave = file.enclave});
  enclave.checked = false;
  // The kernel does EAUG when a page is touched that is not there. Here it is done for all.
  if (enclave.initialised && options.edmm && (options.abilities.eax & 2) != 0) {
    for (std::uint64_t at = address - enclave.base; at < address - enclave.base + size; at += kPageBytes) {
      if (enclave.pages.contains(at / kPageBytes)) continue;
      if (!enclave.emulated->augment(at, 1)) return -EIO;
      enclave.pages[at / kPageBytes] = {.allowed = PROT_READ | PROT_WRITE | PROT_EXEC, .type = PageType::kRegular};
    }
  }
  return static_cast<std::int64_t>(address);
}

// sgx_encl_may_map().
int FakeKernel::may_map(const Enclave& enclave, std::uint64_t start, std::uint64_t end, int protection) {
  if (enclave.initialised && (start < enclave.base || end > enclave.base + enclave.size)) return -EACCES;
  for (const auto& [number, page] : enclave.pages) {
    const std::uint64_t at = enclave.base + number * kPageBytes;
    if (at >= start && at < end && (protection & ~page.allowed) != 0) return -EACCES;
  }
  return 0;
}

int FakeKernel::unmap(std::uint64_t address, std::uint64_t size) {
  const std::scoped_lock lock(mutex_);
  if (address % kPageBytes != 0 || size == 0) return -EINVAL;
  cut(address, size);
  return 0;
}

void FakeKernel::cut(std::uint64_t start, std::uint64_t size) {
  std::vector<Mapping> left;
  for (const Mapping& one : mappings_) {
    const std::uint64_t first = std::max(one.start, start), last = std::min(one.start + one.size, start + size);
    if (first >= last) {
      left.push_back(one);
      continue;
    }
    if (one.enclave) one.enclave->checked = false;
    if (one.start < first) left.push_back({one.start, first - one.start, one.protection, one.enclave});
    if (last < one.start + one.size) left.push_back({last, one.start + one.size - last, one.protection, one.enclave});
  }
  mappings_ = std::move(left);
}

bool FakeKernel::is_mapped(std::uint64_t start, std::uint64_t size) const {
  std::uint64_t covered = 0;
  for (const Mapping& one : mappings_) {
    const std::uint64_t first = std::max(one.start, start), last = std::min(one.start + one.size, start + size);
    if (first < last) covered += last - first;
  }
  return covered == size;
}

std::string FakeKernel::mapped_as(std::uint64_t address) const {
  const std::scoped_lock lock(mutex_);
  for (const Mapping& one : mappings_) {
    if (address - one.start >= one.size) continue;
    std::string out = "---";
    if ((one.protection & PROT_READ) != 0) out[0] = 'r';
    if ((one.protection & PROT_WRITE) != 0) out[1] = 'w';
    if ((one.protection & PROT_EXEC) != 0) out[2] = 'x';
    return out;
  }
  return "";
}

CpuidRegisters FakeKernel::cpuid(std::uint32_t leaf, std::uint32_t subleaf) {
  switch (leaf) {
    case 0: return {.eax = 0x1f};
    case 7: return subleaf == 0 ? options.features : CpuidRegisters{};
    case 0x12: break;
    default: return {};
  }
  if (subleaf == 0) return options.abilities;
  if (subleaf == 1) return options.attributes;
  if (subleaf - 2 >= options.memory_sections.size()) return {};
  const std::uint64_t size = options.memory_sections[subleaf - 2];
  return {.eax = 0x7000'0001,
          .ebx = 0,
          .ecx = static_cast<std::uint32_t>(size & 0xffff'f000u) | 1,
          .edx = static_cast<std::uint32_t>(size >> 32)};
}

VdsoImage FakeKernel::vdso() {
  if (!options.vdso) return {};
  const auto function = std::bit_cast<std::uint64_t>(&adyton_fake_vdso_enter);
  return {.address = function - kFunctionInVdso, .bytes = vdso_};
}

bool FakeKernel::copy_from(std::uint64_t address, void* out, std::size_t size) const {
  // The real kernel reads this process's memory, and says so if there is none.
  const auto count = static_cast<ssize_t>(size);
  return ::pwrite(scratch_, std::bit_cast<const void*>(address), size, 0) == count &&
         (out == nullptr || ::pread(scratch_, out, size, 0) == count);
}

// The first page that the page tables would not let the enclave use as it was added.
std::optional<std::uint64_t> FakeKernel::first_wrong_page(const Enclave& enclave) const {
  for (const auto& [number, page] : enclave.pages) {
    const std::uint64_t at = enclave.base + number * kPageBytes;
    const auto mapping = std::ranges::find_if(mappings_, [&](const Mapping& one) { return at - one.start < one.size; });
    const bool augmented = page.allowed == (PROT_READ | PROT_WRITE | PROT_EXEC);
    const int wanted = augmented ? PROT_READ | PROT_WRITE : page.allowed;
    if (mapping == mappings_.end() || mapping->enclave.get() != &enclave || (mapping->protection & wanted) != wanted)
      return at;
  }
  return {};
}

std::shared_ptr<FakeKernel::Enclave> FakeKernel::enclave_at(std::uint64_t address, FakeKernel*& kernel) {
  const std::scoped_lock lock(all_kernels_mutex);
  for (FakeKernel* const one : all_kernels) {
    const std::scoped_lock one_lock(one->mutex_);
    for (const Mapping& mapping : one->mappings_) {
      if (!mapping.enclave || address - mapping.start >= mapping.size) continue;
      kernel = one;
      return mapping.enclave;
    }
  }
  return nullptr;
}

int FakeKernel::enter(SgxRegisters& registers, std::uint32_t leaf, sgx_enclave_run& run) {
  constexpr std::uint16_t kProtection = 13, kPageFault = 14;
  const auto is_set = [](std::uint8_t byte) { return byte != 0; };
  if ((leaf != 2 && leaf != 3) || std::ranges::any_of(run.reserved, is_set)) return -EINVAL;
  const auto fault = [&](std::uint32_t function, std::uint16_t vector, std::uint16_t code, std::uint64_t address) {
    run.function = function;
    run.exception_vector = vector;
    run.exception_error_code = code;
    run.exception_addr = address;
    registers = {.rdi = vector, .rsi = code, .rdx = address};  // what the vDSO has in them then
    return 0;
  };
  FakeKernel* kernel = nullptr;
  const std::shared_ptr<Enclave> enclave = enclave_at(run.tcs, kernel);
  if (!enclave || !enclave->initialised) return fault(leaf, kPageFault, 4, run.tcs);
  {
    const std::scoped_lock lock(kernel->mutex_);
    if (kernel->options.lost) return fault(leaf, kPageFault, 4, run.tcs);
    if (!enclave->checked) {
      if (const auto wrong = kernel->first_wrong_page(*enclave)) return fault(3, kPageFault, 4, *wrong);
      enclave->checked = true;
    }
  }
  const auto end = enclave->emulated->enter(run.tcs - enclave->base, SgxLeaf{leaf}, registers);
  if (!end) return fault(leaf, end.error().message.contains("#GP") ? kProtection : kPageFault, 0, run.tcs);
  if (end->function != SgxLeaf::kEexit) {
    return fault(static_cast<std::uint32_t>(end->function), end->exception_vector, end->exception_error_code,
                 end->exception_address);
  }
  run.function = static_cast<std::uint32_t>(SgxLeaf::kEexit);
  registers = end->registers;
  return 0;
}

}  // namespace adyton::sgx
