// SPDX-License-Identifier: Apache-2.0
// Building an enclave by the kernel's ioctls, and entering it. The UAPI is Linux's asm/sgx.h; what the kernel does with
// each request is told in arch/x86/kernel/cpu/sgx/ioctl.c.
#include "platform/sgx_device/enclave.h"

#include <asm/sgx.h>
#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <csignal>
#include <cstddef>

#include "base/cursor.h"
#include "base/error.h"
#include "platform/sgx_device/refusals.h"
#include "platform/sgx_emulator/structures.h"

// enter.S
extern "C" int adyton_sgx_device_enter(std::uint64_t function, adyton::SgxRegisters* registers, std::uint32_t leaf,
                                       sgx_enclave_run* run);

namespace adyton::sgx {
namespace {

static_assert(offsetof(SgxRegisters, rdi) == 0 && offsetof(SgxRegisters, rsi) == 8 &&
              offsetof(SgxRegisters, rdx) == 16 && offsetof(SgxRegisters, r8) == 24 &&
              offsetof(SgxRegisters, r9) == 32);

constexpr std::uint64_t kStagingBytes = 1 << 20;  // of pages that one request adds

// Signals wait while pages are added. A request that a signal interrupts after some pages is started again by the
// kernel with its first arguments (SA_RESTART) if it waited for memory, and then finds its own pages there.
class SignalsWait {
 public:
  SignalsWait() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  SignalsWait(const SignalsWait&) = delete;
  SignalsWait& operator=(const SignalsWait&) = delete;
  ~SignalsWait() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

// SECS as ECREATE takes it (SDM 3D, "SGX Enclave Control Structure"): what is not written here has to be zero.
void put_secs(std::span<std::byte> page, std::uint64_t base, const SgxPlan& plan) {
  store_le(page, 0, plan.size);
  store_le(page, 8, base);
  store_le(page, 16, plan.ssa_frame_pages);
  store_le(page, 20, plan.misc_select);
  store_le(page, 48, plan.attributes.flags);
  store_le(page, 56, plan.attributes.xfrm);
}

// What the page tables have to allow: of a TCS, that the processor reads and writes it.
int protection_of(const SgxPages& pages) {
  if (pages.type == SgxPageType::kTcs) return PROT_READ | PROT_WRITE;
  return (pages.readable ? PROT_READ : 0) | (pages.writable ? PROT_WRITE : 0) | (pages.executable ? PROT_EXEC : 0);
}

}  // namespace

Result<std::unique_ptr<DeviceEnclave>> DeviceEnclave::create(std::shared_ptr<Kernel> kernel,
                                                             const std::string& enclave_path,
                                                             const std::string& provision_path, const SgxPlan& plan,
                                                             std::uint64_t enter_function) {
  std::unique_ptr<DeviceEnclave> out(new DeviceEnclave(std::move(kernel), enter_function));
  TRY(install_interruption());
  TRY(out->open(enclave_path));
  out->processor_ = read_processor_support(*out->kernel_);
  TRY(check_plan_runs(out->processor_, plan));
  out->size_ = plan.size;
  out->attributes_ = plan.attributes;
  out->misc_select_ = plan.misc_select;
  TRY(out->reserve());
  TRY(out->make_secs(plan));
  if ((plan.attributes.flags & SgxAttributes::kProvisionKey) != 0) TRY(out->allow_provisioning(provision_path));
  return out;
}

DeviceEnclave::~DeviceEnclave() {
  if (base_ != 0) kernel_->unmap(base_, size_);
  if (staging_ != 0) kernel_->unmap(staging_, kStagingBytes);
  if (fd_ >= 0) kernel_->close(fd_);
}

Result<void> DeviceEnclave::open(const std::string& path) {
  const int fd = kernel_->open(path);
  if (fd < 0) return describe_refusal(DeviceStep::kOpen, -fd).within(path);
  fd_ = fd;
  return {};
}

// Twice the size has an aligned range of the size in it; the rest is given back.
Result<void> DeviceEnclave::reserve() {
  constexpr int kReservation = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  const std::int64_t mapped = kernel_->map(0, 2 * size_, PROT_NONE, kReservation, -1);
  if (mapped < 0) return describe_refusal(DeviceStep::kReserve, static_cast<int>(-mapped));
  const auto start = static_cast<std::uint64_t>(mapped);
  base_ = (start + size_ - 1) / size_ * size_;
  if (base_ > start) kernel_->unmap(start, base_ - start);
  const std::uint64_t rest = start + 2 * size_ - (base_ + size_);
  if (rest > 0) kernel_->unmap(base_ + size_, rest);

  const std::int64_t staging = kernel_->map(0, kStagingBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
  if (staging < 0) return describe_refusal(DeviceStep::kReserve, static_cast<int>(-staging));
  staging_ = static_cast<std::uint64_t>(staging);
  return {};
}

Result<void> DeviceEnclave::make_secs(const SgxPlan& plan) {
  const std::span<std::byte> page(std::bit_cast<std::byte*>(staging_), kPageBytes);
  put_secs(page, base_, plan);
  sgx_enclave_create request{.src = staging_};
  const int result = kernel_->ioctl(fd_, SGX_IOC_ENCLAVE_CREATE, &request);
  std::ranges::fill(page, std::byte{0});
  if (result < 0) return describe_refusal(DeviceStep::kCreate, -result);
  return {};
}

Result<void> DeviceEnclave::allow_provisioning(const std::string& path) {
  const int fd = kernel_->open(path);
  if (fd < 0) return describe_refusal(DeviceStep::kOpenProvision, -fd).within(path);
  sgx_enclave_provision request{.fd = static_cast<std::uint64_t>(fd)};
  const int result = kernel_->ioctl(fd_, SGX_IOC_ENCLAVE_PROVISION, &request);
  kernel_->close(fd);
  if (result < 0) return describe_refusal(DeviceStep::kProvision, -result);
  return {};
}

Result<void> DeviceEnclave::add(const SgxPages& pages) {
  if (initialised_ || refused_) return invalid("pages are added before the enclave is initialised, not after");
  const std::uint64_t size = pages.count * kPageBytes;
  if (pages.offset % kPageBytes != 0 || pages.count == 0 || pages.count > size_ / kPageBytes ||
      !in_bounds(pages.offset, size, size_)) {
    return invalid("{} pages at {:#x} are not within the enclave", pages.count, pages.offset);
  }
  if (!pages.content.empty() && pages.content.size() != size)
    return invalid("{} bytes for {} pages", pages.content.size(), pages.count);
  const std::span<std::byte> staging(std::bit_cast<std::byte*>(staging_), kStagingBytes);
  for (std::uint64_t at = 0; at < size; at += kStagingBytes) {
    const std::uint64_t bytes = std::min(kStagingBytes, size - at);
    if (!pages.content.empty()) {
      std::ranges::copy(pages.content.subspan(at, bytes), staging.begin());
      staging_is_zero_ = false;
    } else if (!staging_is_zero_) {
      std::ranges::fill(staging, std::byte{0});
      staging_is_zero_ = true;
    }
    TRY(add_chunk(pages.offset + at, bytes, secinfo_flags(pages), pages.extended));
  }
  runs_.push_back({.offset = pages.offset, .bytes = size, .protection = protection_of(pages)});
  return {};
}

// The kernel may take only the first pages of a request, and says how many.
Result<void> DeviceEnclave::add_chunk(std::uint64_t offset, std::uint64_t bytes, std::uint64_t secinfo, bool measured) {
  struct alignas(64) Secinfo {
    std::uint64_t flags;
    std::uint8_t reserved[56];
  } page_type{.flags = secinfo, .reserved = {}};
  for (std::uint64_t done = 0; done < bytes;) {
    sgx_enclave_add_pages request{.src = staging_ + done,
                                  .offset = offset + done,
                                  .length = bytes - done,
                                  .secinfo = std::bit_cast<std::uint64_t>(&page_type),
                                  .flags = measured ? std::uint64_t{SGX_PAGE_MEASURE} : 0,
                                  .count = 0};
    int result = 0;
    {
      const SignalsWait waiting;
      result = kernel_->ioctl(fd_, SGX_IOC_ENCLAVE_ADD_PAGES, &request);
    }
    if (request.count > bytes - done || request.count % kPageBytes != 0)
      return internal("the kernel says that it added {} of {} bytes", std::uint64_t{request.count}, bytes - done);
    done += request.count;
    if (result < 0 && result != -EINTR && result != -EAGAIN)
      return describe_refusal(DeviceStep::kAdd, -result).within(fmt::format("the page at {:#x}", offset + done));
    if (result == 0 && request.count == 0) return internal("the kernel added no page and names no error");
  }
  return {};
}

Result<void> DeviceEnclave::initialise(const Sigstruct& signature) {
  if (initialised_) return invalid("the enclave is initialised already");
  if (refused_) return invalid("the enclave was refused: load it again");
  if (signature.bytes.size() != kSigstructBytes) return invalid("a SIGSTRUCT of {} bytes", signature.bytes.size());
  refused_ = true;  // a refused enclave is of no further use
  sgx_enclave_init request{.sigstruct = std::bit_cast<std::uint64_t>(signature.bytes.data())};
  int result = 0;
  do {
    result = kernel_->ioctl(fd_, SGX_IOC_ENCLAVE_INIT, &request);
  } while (result == -EINTR);
  if (result == -EPERM || result > 0) return explain_einit(signature);
  if (result < 0) return describe_refusal(DeviceStep::kInit, -result);
  TRY(map_pages());
  initialised_ = true;
  return {};
}

// Of a refusal by EINIT itself the kernel tells nothing but that it was one. What can be looked at from here is.
Error DeviceEnclave::explain_einit(const Sigstruct& signature) const {
  const auto parsed = parse_sigstruct(signature.bytes);
  if (!parsed) return untrusted("EINIT: the signature is none: {}: sign the image again", parsed.error().message);
  const SgxSignedFields& is = parsed->fields;
  const std::uint64_t flags = attributes_.flags | SgxAttributes::kInit;
  if (((flags ^ (is.attributes.flags | SgxAttributes::kInit)) & is.attribute_mask.flags) != 0 ||
      ((attributes_.xfrm ^ is.attributes.xfrm) & is.attribute_mask.xfrm) != 0 ||
      ((misc_select_ ^ is.misc_select) & is.misc_mask) != 0) {
    return untrusted(
        "EINIT: attributes, XFRM or MISCSELECT are not as signed: {:#x}, {:#x} and {:#x}, where {:#x}, {:#x} and {:#x} "
        "were signed: sign the image again",
        attributes_.flags, attributes_.xfrm, misc_select_, is.attributes.flags, is.attributes.xfrm, is.misc_select);
  }
  return untrusted(
      "EINIT: the pages are not those that were signed, which measure as {} (`adyton measure` tells what the image "
      "measures as); or, where the kernel cannot write the launch key's hash, this signer may not launch enclaves here",
      to_hex(is.measurement));
}

Result<void> DeviceEnclave::map_pages() {
  std::ranges::sort(runs_, {}, &Run::offset);
  std::vector<Run> joined;
  for (const Run& run : runs_) {
    Run* const before = joined.empty() ? nullptr : &joined.back();
    if (before != nullptr && before->offset + before->bytes == run.offset && before->protection == run.protection) {
      before->bytes += run.bytes;
    } else {
      joined.push_back(run);
    }
  }
  runs_ = std::move(joined);
  for (const Run& run : runs_) TRY(map(run));
  kernel_->unmap(staging_, kStagingBytes);
  staging_ = 0;
  return {};
}

// Only where there are pages: addresses without any stay reserved, and a touch of them is a fault, not a new page.
Result<void> DeviceEnclave::map(const Run& run) {
  const std::int64_t mapped = kernel_->map(base_ + run.offset, run.bytes, run.protection, MAP_SHARED | MAP_FIXED, fd_);
  if (mapped >= 0) return {};
  return describe_refusal(DeviceStep::kMap, static_cast<int>(-mapped))
      .within(fmt::format("{} pages at {:#x}", run.bytes / kPageBytes, run.offset));
}

Result<SgxEntryEnd> DeviceEnclave::enter(std::uint64_t tcs_offset, SgxLeaf leaf, const SgxRegisters& registers) {
  if (leaf != SgxLeaf::kEenter && leaf != SgxLeaf::kEresume)
    return invalid("an enclave is entered by EENTER or ERESUME, not by leaf {}", static_cast<unsigned>(leaf));
  if (!initialised_) return invalid("the enclave is not initialised");
  if (tcs_offset % kPageBytes != 0 || tcs_offset >= size_) return invalid("there is no TCS at {:#x}", tcs_offset);
  sgx_enclave_run run{};
  run.tcs = base_ + tcs_offset;
  SgxEntryEnd out{.registers = registers};
  const Interruption::Inside inside(interruption_, run.tcs);
  const int result = adyton_sgx_device_enter(enter_function_, &out.registers, static_cast<std::uint32_t>(leaf), &run);
  if (result != 0 && result != -EFAULT) return internal("the vDSO refuses to enter: {}", errno_text(-result));
  out.function = SgxLeaf{run.function};
  if (out.function == SgxLeaf::kEexit) return out;
  if (run.function == kInterruptedLeaf) return SgxEntryEnd{.function = SgxLeaf::kEresume, .interrupted = true};
  if (out.function != SgxLeaf::kEenter && out.function != SgxLeaf::kEresume)
    return internal("the vDSO came back after leaf {}", std::uint32_t{run.function});
  out.registers = {};
  out.exception_vector = run.exception_vector;
  out.exception_error_code = run.exception_error_code;
  out.exception_address = run.exception_addr;
  if (out.function == SgxLeaf::kEresume) return out;
  // Code inside that faults leaves ERESUME; this was EENTER itself.
  switch (out.exception_vector) {
    case 6: return unavailable("EENTER: #UD: SGX is off on this processor");
    case 13: return invalid("EENTER: #GP: the TCS at {:#x} is busy, or has no frame left for an exception", tcs_offset);
    case 14:
      return invalid(
          "EENTER: #PF at {:#x}: there is no TCS at {:#x}, or the machine slept and its enclave memory is lost: launch "
          "the enclave again",
          out.exception_address, tcs_offset);
    default: return invalid("EENTER: exception {}", out.exception_vector);
  }
}

}  // namespace adyton::sgx
