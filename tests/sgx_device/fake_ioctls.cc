// SPDX-License-Identifier: Apache-2.0
// The double's ioctls: each check in the order in which Linux's ioctl.c has it.
#include <asm/sgx.h>
#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cerrno>

#include "base/cursor.h"
#include "fake_kernel.h"

namespace adyton::sgx {
namespace {

constexpr std::uint64_t kPermissions = 7, kTypeMask = 0xff00, kTcsType = 1 << 8, kRegularType = 2 << 8;

bool is_zero(BytesView bytes) {
  return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; });
}

int protection_of(std::uint64_t secinfo) {
  if ((secinfo & kTypeMask) == kTcsType) return PROT_READ | PROT_WRITE;
  return ((secinfo & kRead) != 0 ? PROT_READ : 0) | ((secinfo & kWrite) != 0 ? PROT_WRITE : 0) |
         ((secinfo & kExecute) != 0 ? PROT_EXEC : 0);
}

// sgx_validate_secinfo().
bool is_secinfo(BytesView secinfo) {
  const auto flags = load_le<std::uint64_t>(secinfo);
  const std::uint64_t type = flags & kTypeMask;
  if (type != kRegularType && type != kTcsType) return false;
  if ((flags & kWrite) != 0 && (flags & kRead) == 0) return false;
  if (type == kTcsType && (flags & kPermissions) != 0) return false;
  return (flags & ~(kPermissions | kTypeMask)) == 0 && is_zero(secinfo.subspan(8));
}

}  // namespace

// sgx_validate_offset_length().
bool FakeKernel::in_enclave(const Enclave& enclave, std::uint64_t offset, std::uint64_t length) {
  return offset % kPageBytes == 0 && length != 0 && length % kPageBytes == 0 && offset + length >= offset &&
         offset + length - kPageBytes < enclave.size;
}

int FakeKernel::create(Enclave& enclave, void* argument) {
  if (enclave.created) return -EINVAL;
  const auto request = *static_cast<const sgx_enclave_create*>(argument);
  std::array<std::byte, kPageBytes> secs{};
  if (!copy_from(request.src, secs.data(), secs.size())) return -EFAULT;
  SgxPlan plan;
  plan.size = load_le<std::uint64_t>(secs);
  const auto base = load_le<std::uint64_t>(secs, 8);
  plan.ssa_frame_pages = load_le<std::uint32_t>(secs, 16);
  plan.misc_select = load_le<std::uint32_t>(secs, 20);
  plan.attributes.flags = load_le<std::uint64_t>(secs, 48);
  plan.attributes.xfrm = load_le<std::uint64_t>(secs, 56);
  if (!std::has_single_bit(plan.size)) return -EINVAL;
  // ECREATE: #GP.
  const BytesView view(secs);
  const bool fits =
      base % plan.size == 0 && is_zero(view.subspan(24, 24)) && is_zero(view.subspan(64)) &&
      (plan.attributes.flags & ~(std::uint64_t{options.attributes.ebx} << 32 | options.attributes.eax)) == 0 &&
      (plan.attributes.xfrm & ~(std::uint64_t{options.attributes.edx} << 32 | options.attributes.ecx)) == 0;
  if (!fits || !is_mapped(base, plan.size)) return -EIO;
  auto emulated = EmulatedEnclave::create(processor_, {.provisioning = true, .base = base}, plan);
  if (!emulated) return -EIO;
  enclave.emulated = *std::move(emulated);
  enclave.base = base;
  enclave.size = plan.size;
  enclave.attributes = plan.attributes.flags;
  enclave.created = true;
  return 0;
}

int FakeKernel::add_pages(Enclave& enclave, void* argument) {
  if (!enclave.created || enclave.initialised) return -EINVAL;
  auto& request = *static_cast<sgx_enclave_add_pages*>(argument);
  if (request.src % kPageBytes != 0) return -EINVAL;
  if (!in_enclave(enclave, request.offset, request.length)) return -EINVAL;
  std::array<std::byte, 64> secinfo{};
  if (!copy_from(request.secinfo, secinfo.data(), secinfo.size())) return -EFAULT;
  if (!is_secinfo(secinfo)) return -EINVAL;

  // As many of the pages as can be: what stops it is the answer, unless it is a signal.
  std::uint64_t pages = std::min<std::uint64_t>(request.length / kPageBytes, options.pages_a_request);
  int result = 0;
  if (options.lost) {
    pages = 0;
    result = -EIO;
  }
  for (std::uint64_t i = 0; i < pages; ++i) {
    if (!enclave.pages.contains(request.offset / kPageBytes + i)) continue;
    pages = i;
    result = -EBUSY;
  }
  if (pages > options.pages_left) {
    pages = options.pages_left;
    result = -ENOMEM;
  }
  const auto flags = load_le<std::uint64_t>(secinfo);
  if (pages > 0) {
    const int added =
        add_run(enclave, request.src, request.offset, pages, flags, (request.flags & SGX_PAGE_MEASURE) != 0);
    if (added != 0) {
      pages = 0;
      result = added;
    }
  }
  options.pages_left -= pages;
  request.count = pages * kPageBytes;
  return result;
}

int FakeKernel::add_run(Enclave& enclave, std::uint64_t source, std::uint64_t offset, std::uint64_t count,
                        std::uint64_t secinfo, bool measured) {
  if (!copy_from(source, nullptr, count * kPageBytes)) return -EFAULT;
  const BytesView content(std::bit_cast<const std::byte*>(source), count * kPageBytes);
  SgxPages run{.offset = offset, .count = count, .extended = measured};
  run.type = (secinfo & kTypeMask) == kTcsType ? SgxPageType::kTcs : SgxPageType::kRegular;
  run.readable = (secinfo & kRead) != 0;
  run.writable = (secinfo & kWrite) != 0;
  run.executable = (secinfo & kExecute) != 0;
  if (!is_zero(content)) run.content = content;
  if (!enclave.emulated->add(run)) return -EIO;
  for (std::uint64_t i = 0; i < count; ++i) {
    enclave.pages[offset / kPageBytes + i] = {.allowed = protection_of(secinfo),
                                              .type = static_cast<PageType>(secinfo >> 8 & 0xff)};
  }
  return 0;
}

int FakeKernel::init(Enclave& enclave, void* argument) {
  if (!enclave.created || enclave.initialised) return -EINVAL;
  const auto request = *static_cast<const sgx_enclave_init*>(argument);
  Bytes sigstruct(kSigstructBytes);
  if (!copy_from(request.sigstruct, sigstruct.data(), sigstruct.size())) return -EFAULT;
  const auto vendor = load_le<std::uint32_t>(sigstruct, 16);
  if (vendor != 0 && vendor != 0x8086) return -EINVAL;
  if ((enclave.attributes & ~enclave.allowed_attributes) != 0) return -EACCES;
  const auto field = [&](std::size_t offset) { return load_le<std::uint64_t>(sigstruct, offset); };
  const std::uint64_t attributes = std::uint64_t{options.attributes.ebx} << 32 | options.attributes.eax;
  const std::uint64_t xfrm = std::uint64_t{options.attributes.edx} << 32 | options.attributes.ecx;
  const std::uint32_t misc = load_le<std::uint32_t>(sigstruct, 900) & load_le<std::uint32_t>(sigstruct, 904);
  constexpr std::uint64_t kKnownAttributes = 0xb7, kKnownMisc = 1;  // to this kernel
  if ((field(928) & field(944) & ~(attributes & kKnownAttributes)) != 0) return -EINVAL;
  if ((misc & ~(options.abilities.ebx & kKnownMisc)) != 0) return -EINVAL;
  if ((field(936) & field(952) & ~xfrm) != 0) return -EINVAL;
  if (options.lost) return -EIO;
  Sigstruct signature;
  signature.bytes = std::move(sigstruct);
  const auto done = enclave.emulated->initialise(signature);
  if (!done || options.einit_refuses) {
    einit_said_ = done ? "SGX_INVALID_EINITTOKEN" : done.error().message;
    return -EPERM;
  }
  enclave.initialised = true;
  return 0;
}

int FakeKernel::provision(Enclave& enclave, void* argument) {
  const auto request = *static_cast<const sgx_enclave_provision*>(argument);
  const auto file = files_.find(static_cast<int>(request.fd));
  if (file == files_.end() || !file->second.provision) return -EINVAL;
  enclave.allowed_attributes |= SgxAttributes::kProvisionKey;
  return 0;
}

int FakeKernel::ready_for_sgx2(const Enclave& enclave) const {
  if ((options.abilities.eax & 2) == 0) return -ENODEV;
  return enclave.initialised ? 0 : -EINVAL;
}

// `change` each page of a request: 0, or what the request ends with. Requests end early, to be made again for the rest.
template <class Request, class Change>
int FakeKernel::each_page(Enclave& enclave, Request& request, const Change& change) {
  for (; request.count < request.length; request.count += kPageBytes) {
    if (options.busy_pages > 0 && (request.count > 0 || request.length == kPageBytes)) {
      --options.busy_pages;
      return -EAGAIN;
    }
    const std::uint64_t at = request.offset + request.count;
    const auto page = enclave.pages.find(at / kPageBytes);
    if (page == enclave.pages.end()) return -EFAULT;
    if (const int error = change(at, page); error != 0) return error;
  }
  return 0;
}

int FakeKernel::restrict_permissions(Enclave& enclave, void* argument) {
  if (const int ready = ready_for_sgx2(enclave); ready != 0) return ready;
  auto& request = *static_cast<sgx_enclave_restrict_permissions*>(argument);
  if (!in_enclave(enclave, request.offset, request.length)) return -EINVAL;
  if ((request.permissions & ~kPermissions) != 0) return -EINVAL;
  if ((request.permissions & kWrite) != 0 && (request.permissions & kRead) == 0) return -EINVAL;
  if (request.result != 0 || request.count != 0) return -EINVAL;
  return each_page(enclave, request, [&](std::uint64_t at, auto page) {
    if (page->second.type != PageType::kRegular) return -EINVAL;
    if (!enclave.emulated->restrict_permissions(at, 1, request.permissions)) {
      request.result = static_cast<std::uint64_t>(Code::kPageNotModifiable);
      return -EFAULT;
    }
    return 0;
  });
}

int FakeKernel::modify_types(Enclave& enclave, void* argument) {
  if (const int ready = ready_for_sgx2(enclave); ready != 0) return ready;
  auto& request = *static_cast<sgx_enclave_modify_types*>(argument);
  if (!in_enclave(enclave, request.offset, request.length)) return -EINVAL;
  const auto type = static_cast<PageType>(request.page_type);
  if (request.page_type > 0xff || request.result != 0 || request.count != 0) return -EINVAL;
  if (type != PageType::kTcs && type != PageType::kTrim) return -EINVAL;
  return each_page(enclave, request, [&](std::uint64_t at, auto page) {
    const bool was_tcs = page->second.type == PageType::kTcs, to_tcs = type == PageType::kTcs;
    if (page->second.type != PageType::kRegular && !(was_tcs && !to_tcs)) return -EINVAL;
    constexpr int kReadWrite = PROT_READ | PROT_WRITE;
    if (to_tcs && (page->second.allowed & kReadWrite) != kReadWrite) return -EPERM;
    if (!enclave.emulated->change_type(at, 1, to_tcs)) {
      request.result = static_cast<std::uint64_t>(Code::kPageNotModifiable);
      return -EFAULT;
    }
    if (to_tcs) page->second.allowed = kReadWrite;
    page->second.type = type;
    return 0;
  });
}

int FakeKernel::remove_pages(Enclave& enclave, void* argument) {
  if (const int ready = ready_for_sgx2(enclave); ready != 0) return ready;
  auto& request = *static_cast<sgx_enclave_remove_pages*>(argument);
  if (!in_enclave(enclave, request.offset, request.length) || request.count != 0) return -EINVAL;
  return each_page(enclave, request, [&](std::uint64_t at, auto page) {
    if (page->second.type != PageType::kTrim || !enclave.emulated->remove(at, 1)) return -EPERM;
    enclave.pages.erase(page);
    return 0;
  });
}

}  // namespace adyton::sgx
