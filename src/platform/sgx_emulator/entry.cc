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

thread_local SgxHostState* host_state = nullptr;

// Every exception unmasked: MXCSR and the x87 control word are zero.
SgxHostState* wild_host(std::uint64_t flags) {
  static thread_local const auto wild = std::make_unique<SgxHostState>();
  constexpr std::size_t kPresent = 512;  // XSTATE_BV
  wild->entry.flags = flags;
  wild->entry.extended[kPresent] = std::byte{3};
  return wild.get();
}

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
}  // namespace adyton::sgx

void adyton::set_sgx_host_state(SgxHostState* state) { sgx::host_state = state; }

namespace adyton::sgx {

bool EmulatedEnclave::usable(std::uint64_t address, std::uint64_t permissions) const {
  if (!memory_.contains(address)) return false;
  const PageEntry page = page_at(address - secs_.base);
  return page.valid && page.type == PageType::kRegular && !page.pending && !page.modified &&
         (page.permissions & permissions) == permissions;
}

// All pages of a state save area frame, readable and writable.
Result<void> EmulatedEnclave::check_frame(const Thread& thread, std::uint32_t frame) const {
  const std::uint64_t start = thread.fields.ossa + frame * frame_bytes();
  if (thread.fields.ossa >= secs_.size || !in_bounds(start, frame_bytes(), secs_.size))
    return invalid("#GP: the state save area's frame {} at {:#x} is not within the enclave", frame, start);
  for (std::uint64_t at = start; at < start + frame_bytes(); at += kPageBytes) {
    if (!usable(secs_.base + at, kRead | kWrite))
      return invalid("#PF: the state save area's page at {:#x} is not readable and writable", at);
  }
  return {};
}

// Where two TCSs have one OGSBASE, GS does not tell which thread leaves: then their exits trap.
void EmulatedEnclave::set_slot(const Thread& thread, ThreadSlot* slot) const {
  memory_.set_slot(secs_.base + thread.fields.ogs_base, thread.shares_gs.load() ? nullptr : slot);
}

// TCS.STATE from inactive to active.
Result<Thread*> EmulatedEnclave::claim(std::uint64_t tcs_offset) {
  if ((secs_.attributes.flags & SgxAttributes::kInit) == 0) return invalid("#GP: the enclave is not initialised");
  Thread* thread = tcs_offset % kPageBytes == 0 && tcs_offset < secs_.size
                       ? thread_of_page_[tcs_offset / kPageBytes].load(std::memory_order_acquire)
                       : nullptr;
  if (thread == nullptr) return invalid("#PF: there is no TCS at {:#x}", tcs_offset);
  const PageEntry page = page_at(tcs_offset);
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
  if (!canonical(secs_.base + thread.fields.oentry) || !canonical(secs_.base + thread.fields.ofs_base) ||
      !canonical(secs_.base + thread.fields.ogs_base)) {
    return invalid("#GP: OENTRY, OFSBASE or OGSBASE leads to no canonical address");
  }
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
  set_slot(thread, slot);
  claim.entered();
  slot->host = host_state;
  if (slot->host == nullptr && options_.wild_flags) slot->host = wild_host(*options_.wild_flags);
  return run(*slot, slot->host == nullptr ? &adyton_sgx_enter : &adyton_sgx_enter_wild);
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
  set_slot(thread, slot);
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
  Thread* const thread = tcs_offset % kPageBytes == 0 && tcs_offset < secs_.size
                             ? thread_of_page_[tcs_offset / kPageBytes].load()
                             : nullptr;
  if (thread == nullptr) return;
  thread->interrupt.store(true);
  if (thread->busy.load(std::memory_order_acquire) != 0) send_interrupt(thread->host_thread.load());
}

}  // namespace adyton::sgx
