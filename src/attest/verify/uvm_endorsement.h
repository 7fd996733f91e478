// SPDX-License-Identifier: Apache-2.0
// Whether a UVM endorsement is signed by whom it names, and for the guest of a SEV-SNP report.
#pragma once

#include "attest/evidence/snp_report.h"
#include "attest/evidence/uvm_endorsement.h"
#include "attest/verify/context.h"
#include "attest/verify/findings.h"

namespace adyton {

// Checks: "UVM signature", "UVM chain" (from the signer to the root whose SHA-256 the issuer names, with the extended
// key usage it names), "UVM measurement". The issuer is not judged: it becomes the field "uvm.issuer", beside
// "uvm.feed" and "uvm.guest_svn", for a policy to compare.
void verify_uvm_endorsement(const UvmEndorsement& endorsement, const SnpReport& report, const VerifyContext& context,
                            Findings& findings);

}  // namespace adyton
