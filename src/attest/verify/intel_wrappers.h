// SPDX-License-Identifier: Apache-2.0
// Whether a quote is about the data that its wrapping says it is about.
#pragma once

#include "attest/evidence/intel_wrappers.h"
#include "attest/verify/findings.h"

namespace adyton {

// Adds a check "held data" for each of wrapping.held_data: passed when its SHA-256 and 32 zero bytes are the report
// data in findings.claims, failed otherwise. (Open Enclave's custom claims, rats-rs and Azure's samples all bind data
// so.)
void verify_held_data(const IntelWrapping& wrapping, Findings& findings);

}  // namespace adyton
