// SPDX-License-Identifier: Apache-2.0
// What a SEV-SNP report says, as claims and as named fields.
#pragma once

#include "attest/evidence/snp_report.h"
#include "attest/verify/findings.h"

namespace adyton {

// Fills claims and fields. TCB status: none, for AMD publishes no list of what is current. `product`: in whose layout
// TCB versions are told.
void describe_snp_report(const SnpReport& report, SnpProduct product, Findings& findings);

}  // namespace adyton
