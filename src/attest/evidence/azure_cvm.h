// SPDX-License-Identifier: Apache-2.0
// Evidence of Azure's confidential virtual machines: an HCL report, a quote of the virtual TPM whose key the report
// vouches for, and what is needed to check the report.
//
// Source: the JSON that confidential-containers' attesters for az-snp-vtpm and az-tdx-vtpm make; there is no other
// document.
#pragma once

#include <optional>
#include <vector>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include "attest/evidence/hcl_report.h"
#include "attest/evidence/tpm_quote.h"
#include "crypto/x509.h"

namespace adyton {

struct AzureCvmEvidence {
  HclReport hcl;
  std::optional<TpmQuote> quote;          // of the virtual TPM
  std::vector<Certificate> certificates;  // the VCEK
  Bytes td_quote;                         // TDX: the quote over the TDREPORT; empty if there is none
};

// JSON: {"hcl_report", "tpm_quote": {"message", "signature", "pcrs"}, "vcek" or "td_quote"}, also under "evidence"; the
// first version says "report" and "quote". Byte strings are arrays of numbers, hexadecimal (in tpm_quote) or base64 of
// the URL alphabet; vcek also PEM. PCRs are the SHA-256 bank from PCR 0 on; signatures are bare RSASSA with SHA-256, as
// Azure's virtual TPM makes them. Or an HCL report alone. Errors: invalid.
Result<AzureCvmEvidence> parse_azure_cvm(BytesView bytes);
bool looks_like_azure_cvm(BytesView bytes);

}  // namespace adyton
