// SPDX-License-Identifier: Apache-2.0
// Verifying SGX quotes (docs/evidence/intel.md; checks: attest/verify/intel_common.h).
#pragma once

#include "attest/evidence/sgx_quote.h"
#include "attest/verify/context.h"
#include "attest/verify/findings.h"

namespace adyton {

// Claims: measurement MRENCLAVE, signer MRSIGNER, product ISVPRODID, svn ISVSVN, host_data CONFIGID if it is not zero.
Findings verify_sgx_quote(const SgxQuote& quote, const VerifyContext& context);

}  // namespace adyton
