// SPDX-License-Identifier: Apache-2.0
// SGX where there is none: the processor's ENCLS and ENCLU and the kernel's device in one, for code bytes that run
// natively on the calling thread (docs/sgx-emulator.md). It isolates nothing: for tests and development.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include <adyton/result.h>
#include "platform/sgx/device.h"
#include "platform/sgx_emulator/fuses.h"

namespace adyton {

struct SgxEmulatorOptions {
  // Every ENCLU traps (11 to 18 us each on virtual machines). Otherwise, after EINIT, the ENCLU instructions of the
  // code that TCS.OENTRY leads to are redirected in the mapped copy where a two-byte nop or ud2 follows them.
  bool strict = false;
  std::vector<std::uint64_t> enclu_sites;  // offsets from the base; none: found
  bool rdtsc_faults = false;               // as with SGX1; costs two system calls an entry
  bool provisioning = false;               // EINIT takes PROVISIONKEY, as with /dev/sgx_provision open
  // For tests of keep kernels: every EENTER finds these RFLAGS (DF, AC) and, in MXCSR and the x87 control word, every
  // exception unmasked, as a hostile host can have it.
  std::optional<std::uint64_t> wild_flags;
  // Where the enclave is to lie: addresses that the caller has reserved (EnclaveMemory::reserve()); none: anywhere.
  std::optional<std::uint64_t> base;
  std::optional<SgxMeasurement> launch_signer;  // IA32_SGXLEPUBKEYHASH if locked; none: written for each enclave
};

class EmulatedSgxEnclave : public Sgx2Enclave {
 public:
  [[nodiscard]] virtual std::size_t redirected_sites() const = 0;  // 0 if strict
};

// The device "sgx-emulated". Enclaves may outlive it. Thread-safe. The first thread that enters an enclave makes the
// handlers of this process's signals run on stacks of the emulator's, and takes SIGSEGV, SIGBUS, SIGILL, SIGFPE,
// SIGTRAP and SIGSYS; what is not an enclave's goes on to the handlers that were there. Errors: internal (randomness).
Result<std::unique_ptr<SgxDevice>> make_sgx_emulator(SgxFuses fuses, SgxEmulatorOptions options = {});

}  // namespace adyton
