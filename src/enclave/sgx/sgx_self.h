// SPDX-License-Identifier: Apache-2.0
// A Self that asks the processor: in an SGX enclave. The host only carries a report to the quoting enclave, and the
// quote back.
#pragma once

#include <string>

#include <adyton/call.h>
#include <adyton/self.h>
#include "enclave/sgx/instructions.h"
#include "enclave/sgx/measured.h"

namespace adyton {

// `backend` is what the host says, and begins with "sgx". `host` and `processor` have to outlive it.
class SgxSelf : public Self {
 public:
  SgxSelf(detail::Caller& host, const SgxInstructions& processor, MeasuredEnclave enclave, std::string backend)
      : host_(host), processor_(processor), enclave_(std::move(enclave)), backend_(std::move(backend)) {}

  const Identity& identity() const override { return enclave_.identity; }
  std::string_view backend() const override { return backend_; }

  // By EGETKEY (docs/sgx.md, docs/decisions/010-sgx-sealing-keys.md). The same before and after an update of microcode.
  Result<Secret> sealing_key(SealPolicy policy, std::string_view label,
                             std::optional<std::uint16_t> svn = std::nullopt) const override;

  // An SGX quote. That it is of this enclave and of this report data is checked here; that it is genuine, by whoever
  // relies on it. Errors: invalid, when the host gives something else.
  Result<Bytes> evidence(BytesView report_data) const override;

 private:
  detail::Caller& host_;
  const SgxInstructions& processor_;
  const MeasuredEnclave enclave_;
  const std::string backend_;
};

}  // namespace adyton
