// SPDX-License-Identifier: Apache-2.0
// Verifying TDX quotes (docs/evidence/intel.md; checks: attest/verify/intel_common.h).
#pragma once

#include "attest/evidence/td_report.h"
#include "attest/evidence/tdx_quote.h"
#include "attest/verify/context.h"
#include "attest/verify/findings.h"

namespace adyton {

// Claims: measurement MRTD, signer MROWNER if it is not zero, host_data MRCONFIGID if it is not zero, boot_chain RTMR0
// to RTMR3. One check more than SGX's: "TD attributes".
Findings verify_tdx_quote(const TdxQuote& quote, const VerifyContext& context);

// Checks "TDREPORT hashes" and always misses "TDREPORT MAC": only the processor that made it could tell.
Findings verify_local_td_report(const LocalTdReport& report);

}  // namespace adyton
