// SPDX-License-Identifier: Apache-2.0
// SGX2: pages that come, go and change while the enclave runs. What the host asks for (EAUG, EMODPR, EMODT, EREMOVE)
// and what the enclave confirms (EACCEPT, EACCEPTCOPY, EMODPE).
#include <algorithm>

#include "base/error.h"
#include "platform/sgx_emulator/enclave.h"

namespace adyton::sgx {
namespace {

// EAUG, EMODPR and EMODT want it, and the kernel's device of EREMOVE as well.
Result<void> check_initialised(const Secs& secs) {
  if ((secs.attributes.flags & SgxAttributes::kInit) != 0) return {};
  return invalid("#GP: the enclave is not initialised");
}

}  // namespace

// To the host kernel: a page that waits for EACCEPT cannot be touched; nor a TCS.
void EmulatedEnclave::protect(std::uint64_t offset, std::uint64_t count) {
  const PageEntry page = page_at(offset);
  const bool open = page.valid && page.type == PageType::kRegular && !page.pending && !page.modified;
  // Permissions that cannot be set are permissions that the enclave has not.
  (void)memory_.protect(offset, count * kPageBytes, open ? page.permissions : 0);
}

bool EmulatedEnclave::added(std::uint64_t address) const { return page_at(address - secs_.base).valid; }

Result<void> EmulatedEnclave::augment(std::uint64_t offset, std::uint64_t count) {
  const std::scoped_lock lock(paging_);
  TRY(check_initialised(secs_).within("EAUG"));
  TRY(check_run(offset, count, false).within("EAUG"));
  TRY(memory_.discard(offset, count * kPageBytes));
  for (std::uint64_t i = 0; i < count; ++i) {
    set_page(offset + i * kPageBytes, {.valid = true, .pending = true, .permissions = kRead | kWrite});
  }
  protect(offset, count);
  return {};
}

Result<void> EmulatedEnclave::restrict_permissions(std::uint64_t offset, std::uint64_t count,
                                                   std::uint64_t permissions) {
  const std::scoped_lock lock(paging_);
  TRY(check_initialised(secs_).within("EMODPR"));
  TRY(check_run(offset, count, true).within("EMODPR"));
  if ((permissions & ~(kRead | kWrite | kExecute)) != 0 || (permissions & (kRead | kWrite)) == kWrite)
    return invalid("EMODPR: #GP: permissions {:#x}", permissions);
  for (std::uint64_t i = 0; i < count; ++i) {
    PageEntry page = page_at(offset + i * kPageBytes);
    if (page.type != PageType::kRegular || page.pending || page.modified)
      return invalid("EMODPR: {}: the page at {:#x}", name_of(Code::kPageNotModifiable), offset + i * kPageBytes);
    page.permissions &= static_cast<std::uint8_t>(permissions);
    page.restricted = true;
    set_page(offset + i * kPageBytes, page);
    protect(offset + i * kPageBytes, 1);
  }
  return {};
}

Result<void> EmulatedEnclave::change_type(std::uint64_t offset, std::uint64_t count, bool to_tcs) {
  const std::scoped_lock lock(paging_);
  TRY(check_initialised(secs_).within("EMODT"));
  TRY(check_run(offset, count, true).within("EMODT"));
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t at = offset + i * kPageBytes;
    PageEntry page = page_at(at);
    Thread* const thread = thread_of_page_[at / kPageBytes];
    const bool can = (page.type == PageType::kRegular || (!to_tcs && page.type == PageType::kTcs)) && !page.pending &&
                     !page.modified;
    // A TCS that has gone stays busy: who is about to enter by it finds that, or was faster and is found here.
    if (!can || (thread != nullptr && thread->busy.exchange(1, std::memory_order_acquire) != 0))
      return invalid("EMODT: {}: the page at {:#x}", name_of(Code::kPageNotModifiable), at);
    // SDM 3D, "EMODT", operation: PR is cleared, too, so that one EACCEPT is for both.
    page.type = to_tcs ? PageType::kTcs : PageType::kTrim;
    page.permissions = 0;
    page.modified = true;
    page.restricted = false;
    set_page(at, page);
    thread_of_page_[at / kPageBytes] = nullptr;
    protect(at, 1);
  }
  return {};
}

Result<void> EmulatedEnclave::remove(std::uint64_t offset, std::uint64_t count) {
  const std::scoped_lock lock(paging_);
  TRY(check_initialised(secs_).within("EREMOVE"));
  TRY(check_run(offset, count, true).within("EREMOVE"));
  for (std::uint64_t i = 0; i < count; ++i) {
    const PageEntry page = page_at(offset + i * kPageBytes);
    if (page.type != PageType::kTrim || page.modified)
      return invalid("EREMOVE: the page at {:#x} is not trimmed and accepted", offset + i * kPageBytes);
  }
  for (std::uint64_t i = 0; i < count; ++i) set_page(offset + i * kPageBytes, {});
  protect(offset, count);
  return memory_.discard(offset, count * kPageBytes);
}

Code EmulatedEnclave::accept(std::uint64_t address, std::uint64_t secinfo) {
  const std::scoped_lock lock(paging_);
  const std::uint64_t offset = address - secs_.base;
  PageEntry page = page_at(offset);
  const std::uint64_t found = secinfo_of(page.type, page.permissions) | (page.pending ? kPending : 0) |
                              (page.modified ? kModified : 0) | (page.restricted ? kPermissionsRestricted : 0);
  if (!page.valid || found != secinfo) return Code::kPageAttributesMismatch;
  if (page.type == PageType::kTcs && page.modified) {
    if (!memory_.protect(offset, kPageBytes, kRead)) return Code::kPageAttributesMismatch;
    auto fields = parse_tcs(memory_.bytes(offset, kPageBytes));
    (void)memory_.protect(offset, kPageBytes, 0);
    if (!fields) return Code::kPageAttributesMismatch;
    make_thread(offset, *fields);
  }
  page.pending = page.modified = page.restricted = false;
  set_page(offset, page);
  protect(offset, 1);
  return Code::kOk;
}

Code EmulatedEnclave::accept_copy(std::uint64_t address, std::uint64_t secinfo, std::uint64_t source) {
  const std::scoped_lock lock(paging_);
  const std::uint64_t offset = address - secs_.base;
  PageEntry page = page_at(offset);
  if (!page.valid || !page.pending || page.modified || page.type != PageType::kRegular ||
      page.permissions != (kRead | kWrite) || !usable(source, kRead))
    return Code::kPageAttributesMismatch;
  if (!memory_.protect(offset, kPageBytes, kRead | kWrite)) return Code::kPageAttributesMismatch;
  std::ranges::copy(memory_.bytes(source - secs_.base, kPageBytes), memory_.bytes(offset, kPageBytes).begin());
  page.permissions |= static_cast<std::uint8_t>(secinfo & (kRead | kWrite | kExecute));
  page.pending = false;
  set_page(offset, page);
  protect(offset, 1);
  return Code::kOk;
}

Code EmulatedEnclave::extend_permissions(std::uint64_t address, std::uint64_t secinfo) {
  const std::scoped_lock lock(paging_);
  const std::uint64_t offset = address - secs_.base;
  PageEntry page = page_at(offset);
  if (!page.valid || page.pending || page.modified || page.type != PageType::kRegular)
    return Code::kPageAttributesMismatch;
  page.permissions |= static_cast<std::uint8_t>(secinfo & (kRead | kWrite | kExecute));
  set_page(offset, page);
  protect(offset, 1);
  return Code::kOk;
}

}  // namespace adyton::sgx
