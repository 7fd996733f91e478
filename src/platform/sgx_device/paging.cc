// SPDX-License-Identifier: Apache-2.0
// SGX2: pages of an initialised enclave that come, change and go (Linux 6.0 and newer).
#include <asm/sgx.h>
#include <sched.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>

#include "base/cursor.h"
#include "base/error.h"
#include "platform/sgx_device/enclave.h"
#include "platform/sgx_device/refusals.h"
#include "platform/sgx_emulator/structures.h"

namespace adyton::sgx {
namespace {

constexpr int kMostTries = 1000;  // of a request that finds its page on the way to or from memory

std::uint64_t code_of(const sgx_enclave_restrict_permissions& request) { return request.result; }
std::uint64_t code_of(const sgx_enclave_modify_types& request) { return request.result; }
std::uint64_t code_of(const sgx_enclave_remove_pages&) { return 0; }

}  // namespace

Result<void> DeviceEnclave::check_pages(std::uint64_t offset, std::uint64_t count) const {
  if (!initialised_) return invalid("pages change after the enclave is initialised, not before");
  if (offset % kPageBytes == 0 && count != 0 && count <= size_ / kPageBytes &&
      in_bounds(offset, count * kPageBytes, size_))
    return {};
  return invalid("{} pages at {:#x} are not within the enclave", count, offset);
}

// Whether kernel and processor can: a request for no pages is EINVAL where they can, and has its own errno where not.
Result<void> DeviceEnclave::check_paging() {
  sgx_enclave_remove_pages request{};
  const int result = kernel_->ioctl(fd_, SGX_IOC_ENCLAVE_REMOVE_PAGES, &request);
  if (result == -EINVAL) return {};
  return describe_refusal(DeviceStep::kPages, -result);
}

// A request until all its pages are changed: the kernel says of how many it was.
template <class Request>
Result<void> DeviceEnclave::change(unsigned long number, Request request) {
  int tries = 0;
  while (request.length > 0) {
    const int result = kernel_->ioctl(fd_, number, &request);
    const std::uint64_t done = request.count, code = code_of(request);
    if (done > request.length || done % kPageBytes != 0)
      return internal("the kernel says that it changed {} of {} bytes", done, std::uint64_t{request.length});
    const bool again = result == -EAGAIN || result == -EINTR || result == -EBUSY;
    if (result < 0 && !again) {
      Error error = describe_refusal(DeviceStep::kPages, -result);
      if (code != 0) error = invalid("the processor refuses: {} ({})", name_of(Code{code}), code);
      return std::move(error).within(fmt::format("the page at {:#x}", std::uint64_t{request.offset} + done));
    }
    if (result >= 0 && done == 0) return internal("the kernel changed no page and names no error");
    tries = done == 0 ? tries + 1 : 0;
    if (tries == kMostTries) return describe_refusal(DeviceStep::kPages, -result);
    if (tries != 0) ::sched_yield();
    request.offset += done;
    request.length -= done;
    request.count = 0;
  }
  return {};
}

// The kernel adds a page when the enclave touches an address that is mapped and has none.
Result<void> DeviceEnclave::augment(std::uint64_t offset, std::uint64_t count) {
  const std::scoped_lock lock(paging_);
  TRY(check_pages(offset, count).within("EAUG"));
  TRY(check_paging().within("EAUG"));
  const Run wanted{.offset = offset, .bytes = count * kPageBytes, .protection = PROT_READ | PROT_WRITE};
  const auto overlaps = [&](const Run& run) {
    return run.offset < wanted.offset + wanted.bytes && wanted.offset < run.offset + run.bytes;
  };
  if (std::ranges::any_of(runs_, overlaps)) return invalid("EAUG: some of {} pages at {:#x} are there", count, offset);
  TRY(map(wanted));
  runs_.push_back(wanted);
  return {};
}

Result<void> DeviceEnclave::restrict_permissions(std::uint64_t offset, std::uint64_t count, std::uint64_t permissions) {
  const std::scoped_lock lock(paging_);
  TRY(check_pages(offset, count).within("EMODPR"));
  if ((permissions & ~(kRead | kWrite | kExecute)) != 0 || (permissions & (kRead | kWrite)) == kWrite)
    return invalid("EMODPR: permissions {:#x}", permissions);
  sgx_enclave_restrict_permissions request{};
  request.offset = offset;
  request.length = count * kPageBytes;
  request.permissions = permissions;
  return change(SGX_IOC_ENCLAVE_RESTRICT_PERMISSIONS, request).within("EMODPR");
}

Result<void> DeviceEnclave::change_type(std::uint64_t offset, std::uint64_t count, bool to_tcs) {
  const std::scoped_lock lock(paging_);
  TRY(check_pages(offset, count).within("EMODT"));
  sgx_enclave_modify_types request{};
  request.offset = offset;
  request.length = count * kPageBytes;
  request.page_type = static_cast<std::uint64_t>(to_tcs ? PageType::kTcs : PageType::kTrim);
  return change(SGX_IOC_ENCLAVE_MODIFY_TYPES, request).within("EMODT");
}

Result<void> DeviceEnclave::remove(std::uint64_t offset, std::uint64_t count) {
  const std::scoped_lock lock(paging_);
  TRY(check_pages(offset, count).within("EREMOVE"));
  sgx_enclave_remove_pages request{};
  request.offset = offset;
  request.length = count * kPageBytes;
  TRY(change(SGX_IOC_ENCLAVE_REMOVE_PAGES, request).within("EREMOVE"));
  // Reserved again, or a touch would bring new pages.
  constexpr int kReservation = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;
  const std::int64_t mapped = kernel_->map(base_ + offset, count * kPageBytes, PROT_NONE, kReservation, -1);
  if (mapped < 0) return describe_refusal(DeviceStep::kReserve, static_cast<int>(-mapped)).within("EREMOVE");
  drop(offset, count * kPageBytes);
  return {};
}

void DeviceEnclave::drop(std::uint64_t offset, std::uint64_t bytes) {
  std::vector<Run> left;
  for (const Run& run : runs_) {
    const std::uint64_t first = std::max(run.offset, offset), last = std::min(run.offset + run.bytes, offset + bytes);
    if (first >= last) {
      left.push_back(run);
      continue;
    }
    if (run.offset < first) left.push_back({run.offset, first - run.offset, run.protection});
    if (last < run.offset + run.bytes) left.push_back({last, run.offset + run.bytes - last, run.protection});
  }
  runs_ = std::move(left);
}

}  // namespace adyton::sgx
