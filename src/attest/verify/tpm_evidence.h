// SPDX-License-Identifier: Apache-2.0
// Verifying TPM evidence: each quote in it, and the event log against every bank that was quoted.
#pragma once

#include "attest/evidence/tpm_evidence.h"
#include "attest/verify/context.h"
#include "attest/verify/findings.h"

namespace adyton {

// One quote: verify_tpm_quote()'s findings. Several: a part for each ("SHA-256 quote"), and the claims of the one over
// the strongest bank.
Findings verify_tpm_evidence(const TpmEvidence& evidence, const VerifyContext& context);

}  // namespace adyton
