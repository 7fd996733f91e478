// SPDX-License-Identifier: Apache-2.0
#include "platform/sgx_emulator/machine_quotes.h"

#include <ctime>

#include "base/error.h"

namespace adyton {

Result<EmulatedQuotingEnclave*> MachineQuotes::quoting() {
  const std::lock_guard lock(mutex_);
  if (quoting_ == nullptr) {
    const std::filesystem::path folder = TRY(folder_);
    const std::int64_t now = std::time(nullptr);
    SgxFuses fuses = TRY(SgxFuses::open(folder));
    auto authority = TRY(sgx::QuotingAuthority::open(folder, now));
    quoting_ = TRY(EmulatedQuotingEnclave::make(std::move(fuses), std::move(authority), now));
  }
  return quoting_.get();
}

Result<Bytes> MachineQuotes::target_info() { return TRY(quoting())->target_info(); }

Result<Bytes> MachineQuotes::quote(BytesView report) { return TRY(quoting())->quote(report); }

Result<Endorsements> MachineQuotes::endorsements() {
  const EmulatedQuotingEnclave* machine = TRY(quoting());
  Endorsements out;
  out.collateral = TRY(machine->collateral(std::time(nullptr)));
  out.root = to_pem("CERTIFICATE", machine->root().der());
  out.root_path = TRY(folder_) / sgx::QuotingAuthority::kRootFileName;
  return out;
}

}  // namespace adyton
