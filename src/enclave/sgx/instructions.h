// SPDX-License-Identifier: Apache-2.0
// What code inside an SGX enclave asks its processor for: EREPORT and EGETKEY (Intel SDM volume 3D, ENCLU). The
// application executes them itself: it is inside the enclave, and the keep kernel has no part in it.
#pragma once

#include <adyton/bytes.h>
#include <adyton/result.h>
#include <adyton/secret.h>
#include "image/sgx/sgx_operands.h"

namespace adyton {

// Thread-safe.
class SgxInstructions {
 public:
  virtual ~SgxInstructions() = default;

  // EREPORT: sgx::kReportBytes, for `target` and no other enclave to check. Errors: invalid, unless `data` has
  // sgx::kReportDataBytes.
  virtual Result<Bytes> report(const sgx::TargetInfo& target, BytesView data) const = 0;

  // EGETKEY: 16 bytes. Errors: as key_refusal() has them.
  virtual Result<Secret> key(const sgx::KeyRequest& request) const = 0;
};

// This processor's. Only inside an SGX enclave: elsewhere they raise #UD.
const SgxInstructions& sgx_processor();

// Why EGETKEY gave no key, in words: denied, or internal for what Adyton does not ask for. Not for Code::kOk.
Error key_refusal(sgx::Code code);

}  // namespace adyton
