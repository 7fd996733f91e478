// SPDX-License-Identifier: Apache-2.0
// What runs SGX enclaves: a processor by way of the kernel's /dev/sgx_enclave and vDSO, or the emulator that stands in
// for both. One loader above (load.h), one keep kernel inside.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include <adyton/result.h>
#include "image/sgx/sgx_plan.h"
#include "image/sgx/sigstruct.h"
#include "platform/backend.h"

namespace adyton {

// The registers that __vdso_sgx_enter_enclave() passes in and that the enclave leaves at EEXIT.
struct SgxRegisters {
  std::uint64_t rdi = 0, rsi = 0, rdx = 0, r8 = 0, r9 = 0;
};

enum class SgxLeaf : std::uint32_t { kEenter = 2, kEresume = 3, kEexit = 4 };

// As struct sgx_enclave_run says (Linux UAPI, asm/sgx.h): `function` is kEexit after EEXIT; otherwise the leaf that
// ended with an exception, and which.
struct SgxEntryEnd {
  SgxLeaf function = SgxLeaf::kEexit;
  std::uint16_t exception_vector = 0, exception_error_code = 0;
  std::uint64_t exception_address = 0;
  bool interrupted = false;  // neither: interrupt() was asked for, and the thread can be resumed
  SgxRegisters registers;
};

// An enclave under construction, then initialised. add() and initialise() by one thread; enter() by any number, each on
// a TCS of its own. Destroying it removes its pages; no thread may be inside.
class SgxEnclave {
 public:
  virtual ~SgxEnclave() = default;
  [[nodiscard]] virtual std::uint64_t base() const = 0;  // where it is mapped

  // EADD, and EEXTEND where `extended`, in this order. Errors: as the kernel or processor refuses.
  virtual Result<void> add(const SgxPages& pages) = 0;

  // EINIT. Errors: untrusted, with EINIT's reason (measurement, signature, attributes, ...).
  virtual Result<void> initialise(const Sigstruct& signature) = 0;

  // EENTER or ERESUME on a TCS, until EEXIT or an exception that the host has to see. Interrupts (signals of the host)
  // are resumed without coming back. Errors: invalid (no such TCS, it is busy, CSSA).
  virtual Result<SgxEntryEnd> enter(std::uint64_t tcs_offset, SgxLeaf leaf, const SgxRegisters& registers) = 0;

  // The thread that is inside by this TCS, if one is, comes out by an asynchronous exit, and its enter() ends with
  // `interrupted`. Does not wait for it, and may miss one that is just coming or going. Thread-safe. Takes
  // signal 63. A device that cannot does nothing: then threads that only compute learn of signals late, and end when
  // they leave by themselves.
  virtual void interrupt(std::uint64_t tcs_offset) { (void)tcs_offset; }
};

// An initialised enclave whose pages can come, go and change: on processors with SGX2, and in the emulator. The host
// asks, the enclave confirms by EACCEPT. Offsets are of pages. Thread-safe, also while threads are inside. Errors of
// all: unavailable (no SGX2), invalid (no such pages, or not in the state that this takes), io.
class Sgx2Enclave : public SgxEnclave {
 public:
  // EAUG: zero pages, readable and writable, pending until EACCEPT. After initialise().
  virtual Result<void> augment(std::uint64_t offset, std::uint64_t count) = 0;
  // EMODPR: takes permissions away (`permissions` stay: 1 read, 2 write, 4 execute).
  virtual Result<void> restrict_permissions(std::uint64_t offset, std::uint64_t count, std::uint64_t permissions) = 0;
  // EMODT: regular pages become TCSs, or any pages trimmed.
  virtual Result<void> change_type(std::uint64_t offset, std::uint64_t count, bool to_tcs) = 0;
  // EREMOVE of pages that are trimmed and accepted.
  virtual Result<void> remove(std::uint64_t offset, std::uint64_t count) = 0;
};

class SgxDevice {
 public:
  virtual ~SgxDevice() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;            // "sgx", "sgx-emulated"
  [[nodiscard]] virtual std::vector<BackendCheck> probe() const = 0;  // what there is, and the remedy for what is not
  // Whether what the plan asks for is there. Starts nothing. Errors: unavailable, denied, invalid, with the remedy.
  [[nodiscard]] virtual Result<void> check(const SgxPlan&) const { return {}; }
  // ECREATE: the address range and SECS of `plan`, no pages yet.
  virtual Result<std::unique_ptr<SgxEnclave>> create(const SgxPlan& plan) = 0;
};

// Executes the plan: create, add every run of pages, initialise. Errors: theirs, with what was being done.
Result<std::unique_ptr<SgxEnclave>> load_sgx_enclave(SgxDevice& device, const SgxPlan& plan,
                                                     const Sigstruct& signature);

}  // namespace adyton
