// SPDX-License-Identifier: Apache-2.0
// The quoting enclave of emulated SGX processors, outside any enclave: it makes quotes as Intel's does, byte for byte
// in its format (attest/evidence/intel_quote.h, version 3), and the collateral that Intel's service would have for
// them. Only who trusts this machine's root accepts any of it (docs/sgx.md).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <adyton/result.h>
#include "platform/sgx/quoting.h"
#include "platform/sgx_emulator/fuses.h"
#include "platform/sgx_emulator/keys.h"
#include "platform/sgx_emulator/quoting_authority.h"

namespace adyton {

// Thread-safe.
class EmulatedQuotingEnclave : public QuoteSource {
 public:
  // Of the processor with these fuses. Errors: internal.
  static Result<std::unique_ptr<EmulatedQuotingEnclave>> make(SgxFuses fuses, sgx::QuotingAuthority authority,
                                                              std::int64_t now);

  Result<Bytes> target_info() override;
  Result<Bytes> quote(BytesView report) override;

  // What a verifier of its quotes needs beside the root, from `now` for 30 days.
  [[nodiscard]] Result<Bundle> collateral(std::int64_t now) const;
  [[nodiscard]] const Certificate& root() const { return authority_.root(); }

 private:
  EmulatedQuotingEnclave(SgxFuses fuses, sgx::QuotingAuthority authority)
      : processor_{.fuses = std::move(fuses)}, authority_(std::move(authority)) {}
  Result<void> start(std::int64_t now);

  const sgx::Processor processor_;
  const sgx::QuotingAuthority authority_;
  PckExtensions platform_;
  sgx::Id128 id_{};        // the QE's ID, which begins the user data of its quotes
  std::string pck_chain_;  // certification data
};

}  // namespace adyton
