// SPDX-License-Identifier: Apache-2.0
// Verifying evidence of Azure's confidential virtual machines: hardware report, runtime data, TPM quote, and what ties
// each to the next.
#pragma once

#include "attest/evidence/azure_cvm.h"
#include "attest/verify/context.h"
#include "attest/verify/findings.h"

namespace adyton {

// How TD quotes are verified: parsing and all cryptography. Errors: those of parsing.
using TdQuoteVerifier = Result<Findings> (*)(BytesView quote, const VerifyContext& context);

// Parts: "hardware" (verify_snp(), or `verify_td_quote`) and "vTPM". Checks of its own (docs/evidence/azure-vtpm.md):
//   "runtime data"  the hardware report's data is the hash of the runtime data, and the rest of it zero
//   "TD quote"      the quote is over the same data as the HCL report's TDREPORT
//   "AK binding"    the runtime data names the virtual TPM's attestation key
// Claims are the hardware's; boot_chain the virtual TPM's PCRs; report_data the quote's nonce, or without a quote the
// runtime data's user-data: what the guest put in, not the hash that the paravisor put into the hardware report.
Findings verify_azure_cvm(const AzureCvmEvidence& evidence, const VerifyContext& context,
                          TdQuoteVerifier verify_td_quote = nullptr);

}  // namespace adyton
