// SPDX-License-Identifier: Apache-2.0
// What an SGX report body says, whichever quote it came in.
#pragma once

#include "attest/evidence/sgx_report.h"
#include "attest/verify/findings.h"

namespace adyton {

// Sets the claims that a report has (all but hardware_model and TCB) and appends its fields, by Intel's names; those of
// key separation and sharing only where the enclave uses it.
void tell_sgx_report(const SgxReport& report, Findings& findings);

}  // namespace adyton
