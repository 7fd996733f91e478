// SPDX-License-Identifier: Apache-2.0
// An emulated enclave: its memory, the processor's map of its pages (EPCM), its threads. What the leaves do to it is in
// build.cc (ECREATE, EADD, EEXTEND, EINIT), entry.cc (EENTER, ERESUME), leaves.cc (those of code inside), exits.cc
// (asynchronous exits) and paging.cc (EAUG and the others of the host's side of SGX2).
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include <adyton/result.h>
#include "crypto/crypto.h"
#include "platform/sgx/device.h"
#include "platform/sgx_emulator/emulator.h"
#include "platform/sgx_emulator/keys.h"
#include "platform/sgx_emulator/memory.h"
#include "platform/sgx_emulator/structures.h"
#include "platform/sgx_emulator/thread_slot.h"

namespace adyton::sgx {

// A TCS. Its fields are the processor's own once it is added: the page itself cannot be touched by anybody.
struct Thread {
  std::uint64_t offset = 0;
  TcsFields fields;
  std::atomic<std::uint32_t> busy = 0;  // TCS.STATE: a thread is inside by it
  std::uint32_t cssa = 0;
  std::atomic<int> host_thread = 0;     // the kernel's id of who entered last
  std::atomic<bool> interrupt = false;  // SgxEnclave::interrupt(), until it has been noticed
  std::atomic<bool> shares_gs = false;  // another TCS has the same OGSBASE
  // Of each of the first frames, as the signal frame had it: all extended state. What XFRM does not have is not in the
  // frame, and on a processor would not be there; here code can use it all the same, and must find it again.
  static constexpr std::uint32_t kKeptFrames = 4;
  std::vector<std::byte> kept_state = std::vector<std::byte>(kKeptFrames * kMaxXstateBytes);
  [[nodiscard]] std::span<std::byte> kept(std::uint32_t frame) {
    return frame < kKeptFrames ? std::span(kept_state).subspan(frame * kMaxXstateBytes, kMaxXstateBytes)
                               : std::span<std::byte>();
  }
};

// The map's entry for a page. One word: read at every entry, while SGX2 may be changing it.
struct alignas(8) PageEntry {
  bool valid = false, pending = false, modified = false, restricted = false;
  PageType type = PageType::kRegular;
  std::uint8_t permissions = 0;  // kRead, kWrite, kExecute
};
static_assert(std::atomic<PageEntry>::is_always_lock_free);

class EmulatedEnclave : public EmulatedSgxEnclave {
 public:
  static Result<std::unique_ptr<EmulatedEnclave>> create(std::shared_ptr<const Processor> processor,
                                                         const SgxEmulatorOptions& options, const SgxPlan& plan);
  ~EmulatedEnclave() override;

  // SgxEnclave. initialise() is EINIT.
  [[nodiscard]] std::uint64_t base() const override { return secs_.base; }
  Result<void> add(const SgxPages& pages) override;
  Result<void> initialise(const Sigstruct& signature) override;
  Result<SgxEntryEnd> enter(std::uint64_t tcs_offset, SgxLeaf leaf, const SgxRegisters& registers) override;
  void interrupt(std::uint64_t tcs_offset) override;

  // Sgx2Enclave and EmulatedSgxEnclave.
  Result<void> augment(std::uint64_t offset, std::uint64_t count) override;
  Result<void> restrict_permissions(std::uint64_t offset, std::uint64_t count, std::uint64_t permissions) override;
  Result<void> change_type(std::uint64_t offset, std::uint64_t count, bool to_tcs) override;
  Result<void> remove(std::uint64_t offset, std::uint64_t count) override;
  [[nodiscard]] std::size_t redirected_sites() const override { return memory_.site_count(); }

  // For leaves.cc and exits.cc, on the thread that is inside. All others as well: see the sources.
  [[nodiscard]] const Secs& secs() const { return secs_; }
  [[nodiscard]] const Processor& processor() const { return *processor_; }
  [[nodiscard]] const SgxEmulatorOptions& options() const { return options_; }
  [[nodiscard]] const EnclaveMemory& memory() const { return memory_; }
  [[nodiscard]] std::uint64_t frame_bytes() const { return secs_.ssa_frame_pages * kPageBytes; }

  // The page at this address of the enclave if it is a regular one, neither pending nor being modified, that has all of
  // `permissions`.
  [[nodiscard]] bool usable(std::uint64_t address, std::uint64_t permissions) const;

  // EACCEPT and EMODPE, EACCEPTCOPY of checked operands.
  Code accept(std::uint64_t address, std::uint64_t secinfo);
  Code accept_copy(std::uint64_t address, std::uint64_t secinfo, std::uint64_t source);
  Code extend_permissions(std::uint64_t address, std::uint64_t secinfo);
  [[nodiscard]] bool added(std::uint64_t address) const;

  // Which slot a redirected exit of this thread finds.
  void set_slot(const Thread& thread, ThreadSlot* slot) const;

 private:
  EmulatedEnclave(std::shared_ptr<const Processor> processor, SgxEmulatorOptions options, EnclaveMemory memory);
  void fold(std::string_view record, std::uint64_t first, std::uint64_t second);
  void extend(std::uint64_t offset, std::uint64_t count);
  Result<void> check_signature(const Sigstruct& signature);
  Result<void> check_run(std::uint64_t offset, std::uint64_t count, bool present) const;
  Result<void> check_frame(const Thread& thread, std::uint32_t frame) const;
  Result<Thread*> claim(std::uint64_t tcs_offset);
  Result<SgxEntryEnd> eenter(Thread& thread, const SgxRegisters& registers);
  Result<SgxEntryEnd> eresume(Thread& thread);
  [[nodiscard]] PageEntry page_at(std::uint64_t offset) const {
    return pages_[offset / kPageBytes].load(std::memory_order_acquire);
  }
  void set_page(std::uint64_t offset, const PageEntry& page) {
    pages_[offset / kPageBytes].store(page, std::memory_order_release);
  }
  void make_thread(std::uint64_t offset, const TcsFields& fields);
  void protect(std::uint64_t offset, std::uint64_t count);

  const std::shared_ptr<const Processor> processor_;
  const SgxEmulatorOptions options_;
  Secs secs_;
  EnclaveMemory memory_;
  std::vector<std::atomic<PageEntry>> pages_;         // changed under paging_
  std::vector<std::atomic<Thread*>> thread_of_page_;  // likewise; null where there is no TCS
  std::vector<std::unique_ptr<Thread>> threads_;      // likewise; what was a TCS once stays
  std::optional<Sha256> measurement_;                 // until EINIT
  mutable std::mutex paging_;                         // of those who change the map while threads are inside
};

// exits.cc. The size of the XSAVE area for these features, in the standard form.
std::size_t xsave_bytes(std::uint64_t xfrm);
std::uint64_t enabled_xfrm();  // XCR0

}  // namespace adyton::sgx
