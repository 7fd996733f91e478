// SPDX-License-Identifier: Apache-2.0
// EENTER and ERESUME, as the vDSO's caller sees them.
#include <algorithm>
#include <cstring>

#include "base/cursor.h"
#include "base/error.h"
#include "platform/sgx_emulator/enclave.h"
#include "platform/sgx_emulator/exits.h"
#include "platform/sgx_emulator/signals.h"
#include "platform/sgx_emulator/thread_slot.h"

namespace adyton::sgx {
namespace {

constexpr bool canonical(std::uint64_t address) { return address < (1ull << 47) || address >= ~((1ull << 47) - 1); }

// Gives the TCS back unless the enclave's own exit already has.
class Claim {
 public:
  explicit Claim(Thread* thread) : thread_(thread) {}
  Claim(const Claim&) = delete;
  Claim& operator=(const Claim&) = delete;
  ~Claim() {
    if (thread_ != nullptr) thread_->busy.store(0, std::memory_order_release);
  }
  void entered() { thread_ = nullptr; }

 private:
  Thread* thread_;
};

}  // namespace

bool EmulatedEnclave::usable(std::uint64_t address, std::uint64_t permissions) const {
  if (!memory_.contains(address)) return false;
  const PageEntry& page = pages_[(address - secs_.base) / kPageBytes];
  return page.valid && page.type == PageType::kRegular && !page.pending && !page.modified &&
         (page.permissions & permissions) == permissions;
}

// All pages of a state save area frame, readable and writable.
Result<void> EmulatedEnclave::check_frame(const Thread& thread, std::uint32_t frame) const {
  const std::uint64_t start = thread.fields.ossa + frame * frame_bytes();
  for (std::uint64_t at = start; at < start + frame_bytes(); at += kPageBytes) {
    if (!usable(secs_.base + at, kRead | kWrite))
      return invalid("#PF: the state save area's page at {:#x} is not readable and writable", at);
  }
  return {};
}

// TCS.STATE from inactive to active.
Result<Thread*> EmulatedEnclave::claim(std::uint64_t tcs_offset) {
  if ((secs_.attributes.flags & SgxAttributes::kInit) == 0) return invalid("#GP: the enclave is not initialised");
  Thread* thread =
      tcs_offset % kPageBytes == 0 && tcs_offset < secs_.size ? thread_of_page_[tcs_offset / kPageBytes] : nullptr;
  if (thread == nullptr) return invalid("#PF: there is no TCS at {:#x}", tcs_offset);
  const PageEntry& page = pages_[tcs_offset / kPageBytes];
  if (page.type != PageType::kTcs || page.pending || page.modified)
    return invalid("#PF: the TCS at {:#x} is not accepted", tcs_offset);
  if (thread->busy.exchange(1, std::memory_order_acquire) != 0)
    return invalid("#GP: the TCS at {:#x} is busy: another thread is inside by it", tcs_offset);
  return thread;
}

Result<SgxEntryEnd> EmulatedEnclave::eenter(Thread& thread, const SgxRegisters& registers) {
  Claim claim(&thread);
  if (thread.cssa >= thread.fields.nssa) {
    return invalid("#GP: CSSA {} has reached NSSA {}: no frame is left for the state of this entry", thread.cssa,
                   thread.fields.nssa);
  }
  TRY(check_frame(thread, thread.cssa));
  ThreadSlot* const slot = TRY(this_thread_slot());
  slot->ursp = &gpr_of(*this, thread, thread.cssa)->ursp;
  slot->gpr.rax = thread.cssa;
  slot->gpr.rbx = secs_.base + thread.offset;
  slot->gpr.rdi = registers.rdi;
  slot->gpr.rsi = registers.rsi;
  slot->gpr.rdx = registers.rdx;
  slot->gpr.r8 = registers.r8;
  slot->gpr.r9 = registers.r9;
  slot->gpr.rip = secs_.base + thread.fields.oentry;
  slot->gpr.fs_base = secs_.base + thread.fields.ofs_base;
  slot->gpr.gs_base = secs_.base + thread.fields.ogs_base;
  slot->enclave = this;
  slot->thread = &thread;
  thread.host_thread.store(slot->host_thread);
  slot->busy = &thread.busy;
  memory_.set_slot(slot->gpr.gs_base, slot);
  claim.entered();
  if (!options_.wild_flags) return run(*slot, &adyton_sgx_enter);
  slot->gpr.rflags = *options_.wild_flags;
  return run(*slot, &adyton_sgx_enter_wild);
}

Result<SgxEntryEnd> EmulatedEnclave::eresume(Thread& thread) {
  Claim claim(&thread);
  if (thread.cssa == 0) return invalid("#GP: CSSA is 0: there is no state to resume");
  TRY(check_frame(thread, thread.cssa - 1));
  ThreadSlot* const slot = TRY(this_thread_slot());
  GprSgx* const saved = gpr_of(*this, thread, thread.cssa - 1);
  std::memcpy(&slot->gpr, saved, sizeof(GprSgx));
  slot->gpr.rflags = resumed_flags(slot->gpr.rflags);
  if (!canonical(slot->gpr.rip) || !canonical(slot->gpr.fs_base) || !canonical(slot->gpr.gs_base))
    return invalid("#GP: the saved RIP, FS or GS is no canonical address");
  slot->enclave = this;
  TRY(load_state(*slot, thread, thread.cssa - 1));
  slot->ursp = &saved->ursp;
  slot->thread = &thread;
  thread.host_thread.store(slot->host_thread);
  slot->busy = &thread.busy;
  memory_.set_slot(secs_.base + thread.fields.ogs_base, slot);
  --thread.cssa;
  claim.entered();
  return run(*slot, &adyton_sgx_resume);
}

Result<SgxEntryEnd> EmulatedEnclave::enter(std::uint64_t tcs_offset, SgxLeaf leaf, const SgxRegisters& registers) {
  if (leaf != SgxLeaf::kEenter && leaf != SgxLeaf::kEresume)
    return invalid("an enclave is entered by EENTER or ERESUME, not by leaf {}", static_cast<unsigned>(leaf));
  // The state of the entry that was interrupted lies below on this very stack, and would be overwritten.
  if (on_slot_stack()) return invalid("an emulated SGX enclave cannot be entered from a signal handler");
  Thread* const thread = TRY(claim(tcs_offset).within(leaf == SgxLeaf::kEenter ? "EENTER" : "ERESUME"));
  if (leaf == SgxLeaf::kEenter) return eenter(*thread, registers).within("EENTER");
  return eresume(*thread).within("ERESUME");
}

void EmulatedEnclave::interrupt(std::uint64_t tcs_offset) {
  Thread* const thread =
      tcs_offset % kPageBytes == 0 && tcs_offset < secs_.size ? thread_of_page_[tcs_offset / kPageBytes] : nullptr;
  if (thread == nullptr) return;
  thread->interrupt.store(true);
  if (thread->busy.load(std::memory_order_acquire) != 0) send_interrupt(thread->host_thread.load());
}

}  // namespace adyton::sgx
