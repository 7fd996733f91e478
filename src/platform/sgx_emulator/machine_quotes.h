// SPDX-License-Identifier: Apache-2.0
// The quoting enclave of this machine's emulated processor: with the fuses and the authority that are kept in a folder.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>

#include <adyton/result.h>
#include "platform/backend.h"
#include "platform/sgx_emulator/quoting_enclave.h"

namespace adyton {

// Nothing is read, or made, before it is first asked for something: most enclaves never want a quote. If that was an
// error, it is tried again. Thread-safe.
class MachineQuotes : public QuoteSource {
 public:
  // `folder`: DevelopmentRoot::default_folder().
  explicit MachineQuotes(Result<std::filesystem::path> folder) : folder_(std::move(folder)) {}

  // Errors (of all): also those of SgxFuses::open() and QuotingAuthority::open().
  Result<Bytes> target_info() override;
  Result<Bytes> quote(BytesView report) override;

  // What a verifier of its quotes needs, from now for 30 days.
  Result<Endorsements> endorsements();

 private:
  Result<EmulatedQuotingEnclave*> quoting();

  const Result<std::filesystem::path> folder_;
  std::mutex mutex_;
  std::unique_ptr<EmulatedQuotingEnclave> quoting_;
};

}  // namespace adyton
