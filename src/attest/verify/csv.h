// SPDX-License-Identifier: Apache-2.0
// Verifying Hygon CSV reports as far as what is given allows.
#pragma once

#include "attest/evidence/csv_evidence.h"
#include "attest/verify/context.h"
#include "attest/verify/findings.h"

namespace adyton {

// Checks: "report signature" (by the PEK: SM2 with SM3), "PEK" (by the CEK, which with HSK and HRK is looked for
// nowhere yet: always missing, with the address), "event log" (version 2: RTMR1 to RTMR4; version 1 has no registers:
// noted).
Findings verify_csv(const CsvEvidence& evidence, const VerifyContext& context);

}  // namespace adyton
